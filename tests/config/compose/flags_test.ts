import { assertEquals } from "@std/assert";
import {
  flagKind,
  flagNames,
  overridesOfFlag,
} from "../../../src/config/compose/flags.ts";
import { compose, familyOf } from "../../../src/config/mod.ts";
import { assertRefuses } from "../../helpers/config.ts";

const FAMILIES = ["gpt2", "transformer_lm_gpt"] as const;

/** Flags of the published commands that are config keys, with their values. */
const PUBLISHED: [name: string, value: string, override: string][] = [
  ["lr", "3e-3", "train.learning_rate=3e-3"],
  ["warmup-updates", "750", "train.warmup_steps=750"],
  ["total-num-update", "572204", "train.total_num_update=572204"],
  ["max-update", "572204", "train.max_steps=572204"],
  ["update-freq", "2", "train.gradient_accumulation_steps=2"],
  ["batch-size", "16", "train.device_train_batch_size=16"],
  ["weight-decay", "0.01", "train.weight_decay=0.01"],
  ["clip-norm", "0.0", "train.max_grad_norm=0.0"],
  ["adam-eps", "1e-08", "train.adam_epsilon=1e-08"],
  ["optimizer", "adam", "train.optim=adam_fairseq"],
  [
    "lr-scheduler",
    "polynomial_decay",
    "train.lr_scheduler_type=polynomial_decay",
  ],
  ["seed", "1", "seed=1"],
  ["arch", "transformer_lm_gpt", "model=transformer_lm_gpt"],
  ["dropout", "0.1", "model.dropout=0.1"],
  ["attention-dropout", "0.1", "model.attention_dropout=0.1"],
  ["tokens-per-sample", "2048", "model.tokens_per_sample=2048"],
  ["activation-fn", "relu_squared", "model.activation_fn=relu_squared"],
  ["decoder-layers", "12", "model.decoder_layers=12"],
  ["decoder-ffn-embed-dim", "3072", "model.decoder_ffn_embed_dim=3072"],
  ["scale-attn", "true", "model.scale_attn=true"],
];

Deno.test("overridesOfFlag() knows the flags of the published commands", () => {
  const overrides = PUBLISHED.map(([name, value, override]) => {
    assertEquals(overridesOfFlag(name, value, "transformer_lm_gpt"), [
      override,
    ]);
    return override;
  });
  const betas = overridesOfFlag(
    "adam-betas",
    "(0.9, 0.98)",
    "transformer_lm_gpt",
  );
  assertEquals(betas, ["train.adam_beta1=0.9", "train.adam_beta2=0.98"]);
  // All of them together make a valid config.
  const { config } = compose({ overrides: [...overrides, ...betas] });
  assertEquals(config.train.adam_beta2, 0.98);
  assertEquals(config.train.max_grad_norm, 0);
});

Deno.test("overridesOfFlag() depends on the model's family", () => {
  const gpt2 = (name: string, value: string) =>
    overridesOfFlag(name, value, "gpt2");
  assertEquals(gpt2("activation-fn", "relu_squared"), [
    "model.activation_function=relu_squared",
  ]);
  assertEquals(gpt2("tokens-per-sample", "64"), ["model.context_length=64"]);
  assertEquals(gpt2("scale-heads", "true"), ["model.scale_heads=true"]);
  assertEquals(gpt2("n-layer", "3"), ["model.n_layer=3"]);
});

Deno.test("overridesOfFlag() refuses flags of no key or several, with the candidates", () => {
  assertRefuses(
    () => overridesOfFlag("name", "x", "gpt2"),
    "Cannot use '--name' as it must mean one key: write model.name=x or data.name=x",
  );
  assertRefuses(
    () => overridesOfFlag("dropout", "0.1", "gpt2"),
    "Cannot use '--dropout' as it must mean one key: write model.resid_pdrop=0.1 or model.embd_pdrop=0.1",
  );
  assertRefuses(
    () => overridesOfFlag("n-head", "3", "transformer_lm_gpt"),
    "Cannot use '--n-head' as a key of the model must be of its family, 'transformer_lm_gpt': the nearest flag is '--lr-end'",
  );
  assertRefuses(
    () => overridesOfFlag("adam-betas", "0.9", "gpt2"),
    "Cannot read '--adam-betas' as it must be two numbers, like \"(0.9, 0.98)\": got '0.9'",
  );
});

Deno.test("flagKind() tells switches from flags that take a value", () => {
  assertEquals(flagKind("scale-attn"), "switch");
  assertEquals(flagKind("parallel-layers"), "switch");
  assertEquals(flagKind("share-decoder-input-output-embed"), "switch");
  assertEquals(flagKind("lr"), "value");
  assertEquals(flagKind("adam-betas"), "value");
  assertEquals(flagKind("scale-atn"), undefined);
});

Deno.test("every flag means some key, in some family", () => {
  for (const name of flagNames()) {
    assertEquals(flagKind(name) !== undefined, true, name);
  }
});

Deno.test("familyOf() reads the model's family from overrides", () => {
  const of = (...overrides: string[]) => familyOf({ overrides });
  assertEquals(of(), FAMILIES[0]);
  assertEquals(of("model=normformer"), FAMILIES[1]);
  assertEquals(of("experiment=nf-125m-lr1e-3"), FAMILIES[1]);
  assertEquals(of("experiment=nf-125m-lr1e-3", "model=op"), FAMILIES[0]);
});

Deno.test("overridesOfFlag() takes text as the shell passes it on", () => {
  const gpt2 = (name: string, value: string) =>
    compose({ overrides: overridesOfFlag(name, value, "gpt2") }).config;
  for (const name of ["run", "save-dir"]) {
    assertEquals(gpt2(name, "/r/a,b").run, "/r/a,b");
    assertEquals(gpt2(name, "/r/'${seed}'").run, "/r/'${seed}'");
    assertEquals(gpt2(name, "null").run, null);
  }
  assertEquals(gpt2("cache", "/c/[x").data.cache, "/c/[x");
  assertEquals(gpt2("text-field", "a,b").data.text_field, "a,b");
  assertEquals(gpt2("text-field", "null").data.text_field, "null");
  // A list has the grammar of overrides.
  const lists = [["files", "[/x,'/y,z']"], ["text-field", "[a, b]"]];
  const { data } = compose({
    overrides: lists.flatMap(([name, value]) =>
      overridesOfFlag(name, value, "gpt2")
    ),
  }).config;
  assertEquals(data.files, ["/x", "/y,z"]);
  assertEquals(data.text_field, ["a", "b"]);
  assertRefuses(
    () => gpt2("arch", "a,b"),
    "Cannot choose 'model=a,b' as 'model' must be one of ",
    { continues: true },
  );
});
