import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { resolve } from "node:path";
import { compose, fromYaml, printConfig } from "../../../src/config/mod.ts";
import {
  assertRefuses,
  configOf,
  fairseqConfigOf,
  withFolder,
} from "../../helpers/config.ts";

/**
 * `model/default.yaml` of the paper's code, resolved, plus this project's three
 * keys.
 */
const DEFAULT_MODEL = {
  name: "gpt2",
  context_length: 128,
  n_positions: 1024,
  vocab_size: null,
  n_embd: 768,
  n_layer: 12,
  n_head: 12,
  norm_type: "rmsnorm",
  norm_position: "pre",
  qk_norm_type: "none",
  dot_norm_type: "none",
  layer_norm_epsilon: 1e-5,
  resid_pdrop: 0,
  attn_pdrop: 0,
  embd_pdrop: 0,
  attn_block_resid_gain: 1,
  attn_block_skip_gain: 1,
  mlp_block_resid_gain: 1,
  mlp_block_skip_gain: 1,
  attn_mat_resid_gain: 1,
  attn_mat_skip_gain: 0,
  value_resid_gain: 1,
  value_skip_gain: null,
  first_layer_value_resid_gain: null,
  proj_resid_gain: 1,
  proj_skip_gain: null,
  last_layer_proj_resid_gain: null,
  centre_attn: false,
  centre_attn_gain: 1,
  trainable_attn_block_gains: false,
  trainable_mlp_block_gains: false,
  trainable_attn_mat_gains: false,
  trainable_value_gains: false,
  trainable_proj_gains: false,
  initializer_range: 0.02,
  val_proj_init_std: null,
  query_init_std: null,
  key_init_std: null,
  val_init_type: "normal",
  proj_init_type: "normal",
  tie_valproj_init: null,
  mlp_width_mult: 4,
  activation_function: "leaky_relu",
  lrelu_neg_slope: 0,
  mlp_proj_init_std: null,
  parallel_layers: false,
  scale_attn: false,
  attn_ln_type: "ln",
  scale_heads: false,
  scale_heads_position: "after",
  scale_fc: false,
  ffn_layernorm_type: "ln",
  ln_1_type: null,
  ln_2_type: null,
  ln_f_type: "ln",
  scale_resids: false,
};

const SKIPLESS_MODEL = {
  ...DEFAULT_MODEL,
  attn_block_skip_gain: 0,
  mlp_block_resid_gain: 0.1,
  attn_mat_skip_gain: 1,
  value_resid_gain: 0,
  value_skip_gain: 1,
  first_layer_value_resid_gain: 1,
  proj_resid_gain: 0,
  proj_skip_gain: 1,
  centre_attn: true,
  centre_attn_gain: 1,
  trainable_attn_block_gains: true,
  trainable_mlp_block_gains: true,
  trainable_attn_mat_gains: true,
  trainable_value_gains: true,
  trainable_proj_gains: true,
  query_init_std: 0,
  val_init_type: "id",
  proj_init_type: "id",
};

Deno.test("compose() gives the paper's defaults", () => {
  assertEquals<unknown>(configOf(), {
    run: null,
    seed: 0,
    gpu: 0,
    num_token_mult: 1,
    report_gains: false,
    report_attn_entropy: false,
    report_outliers: false,
    report_grad_norms: false,
    report_every: 100,
    use_wandb: false,
    model: DEFAULT_MODEL,
    train: {
      device_train_batch_size: 32,
      device_eval_batch_size: 32,
      gradient_accumulation_steps: 4,
      num_train_epochs: 1,
      max_steps: null,
      loss_average: "micro_batches",
      epoch_remainder: "next_epoch",
      optim: "adamw_hf",
      learning_rate: 1e-3,
      adam_beta1: 0.9,
      adam_beta2: 0.999,
      adam_epsilon: 1e-8,
      weight_decay: 0.1,
      max_grad_norm: 1,
      lr_scheduler_type: "polynomial",
      warmup_ratio: 0.05,
      warmup_steps: null,
      total_num_update: null,
      lr_end: 1e-7,
      power: 1,
      precision: "fp32",
      residual_precision: "fp32",
      fp16_init_scale: null,
      fp16_scale_window: null,
      fp16_scale_tolerance: null,
      min_loss_scale: null,
      threshold_loss_scale: null,
      recompute: "none",
      eval_steps: 500,
      log_steps: 500,
      save_steps: 10000,
      keep: 3,
      max_eval_batches: null,
    },
    data: {
      name: "source",
      files: [],
      weights: [],
      format: null,
      text_field: "text",
      split: "train",
      valid_files: [],
      valid_split: "validation",
      valid_fraction: 0.1,
      max_documents: null,
      documents_per_token_mult: 100000,
      valid_max_documents: null,
      dedup: false,
      skip_bad: false,
      tokenizer: "byte",
      vocab_size: null,
      path: null,
      sample_break_mode: "none",
      train_subset: "train",
      valid_subset: "valid",
      combine_val: false,
      bpe: null,
      workers: null,
      cache: null,
    },
  });
});

Deno.test("compose() resolves the four other models as the paper's code does", () => {
  const expected = {
    "default-parallel": {
      ...DEFAULT_MODEL,
      attn_block_skip_gain: 0,
      parallel_layers: true,
    },
    skipless: SKIPLESS_MODEL,
    "skipless-parallel": {
      ...SKIPLESS_MODEL,
      mlp_block_skip_gain: 0,
      parallel_layers: true,
    },
    op: {
      ...DEFAULT_MODEL,
      mlp_block_resid_gain: 0.2,
      attn_block_resid_gain: 0.2,
      norm_type: "none",
      qk_norm_type: "rmsnorm",
    },
  };
  for (const [name, model] of Object.entries(expected)) {
    assertEquals<unknown>(configOf(`model=${name}`).model, model);
  }
});

Deno.test("compose() applies overrides after all files, in any order", () => {
  const config = configOf(
    "model.n_layer=18",
    "model=default-parallel",
    "model.norm_type=ln",
    "train.learning_rate=3e-4",
    "num_token_mult=2",
  );
  assertEquals<unknown>(config.model, {
    ...DEFAULT_MODEL,
    attn_block_skip_gain: 0,
    parallel_layers: true,
    n_layer: 18,
    norm_type: "ln",
  });
  assertEquals(config.train.learning_rate, 3e-4);
  assertEquals(config.num_token_mult, 2);
});

Deno.test("compose() interpolates after overrides", () => {
  const gains = configOf(
    "model=skipless",
    "model.value_resid_gain=0.2",
    "model.first_layer_value_resid_gain=0.2",
    "report_gains=True",
  );
  assertEquals(gains.model.proj_resid_gain, 0.2);
  assertEquals(gains.report_gains, true);
  const op = configOf("model=op", "model.mlp_block_resid_gain=0.3").model;
  assertEquals(op.attn_block_resid_gain, 0.3);
  const skipInit = configOf(
    "model=skipless",
    "model.value_skip_gain=null",
    "model.proj_skip_gain=null",
    "model.val_init_type=orth",
  ).model;
  assertEquals(skipInit.proj_init_type, "orth");
  assertEquals([skipInit.value_skip_gain, skipInit.proj_skip_gain], [
    null,
    null,
  ]);
  const own = configOf("model.proj_resid_gain=${model.lrelu_neg_slope}").model;
  assertEquals(own.proj_resid_gain, 0);
});

Deno.test("compose() refuses a cycle of interpolations", () => {
  assertRefuses(
    () => configOf("model.value_resid_gain=${model.proj_resid_gain}"),
    "Cannot resolve 'model.value_resid_gain' as an interpolation must not lead back to itself: model.value_resid_gain -> model.proj_resid_gain -> model.value_resid_gain (on the command line)",
  );
});

Deno.test("compose() composes the demo, and overrides take precedence over it", () => {
  const { model, train, data } = configOf("experiment=demo");
  assertEquals(model.n_positions, model.context_length);
  assertEquals([model.n_embd, model.n_head], [128, 4]);
  assertEquals([data.name, data.tokenizer], ["source", "byte"]);
  assertEquals(train.gradient_accumulation_steps, 1);
  const small = configOf(
    "experiment=demo",
    "model=op",
    "model.context_length=32",
  );
  assertEquals(small.model.n_positions, 32);
  assertEquals(small.model.n_embd, 128);
  assertEquals(small.model.norm_type, "none");
  assertEquals(configOf("experiment=null").model.n_embd, 768);
});

Deno.test("compose() chooses data=files when files are named", () => {
  const { data } = configOf("data.files=[notes/*.md,b.txt]");
  assertEquals([data.name, data.tokenizer], ["files", "gpt2"]);
  assertEquals(data.files, [resolve("notes/*.md"), resolve("b.txt")]);
  // Even an empty list chooses: the user means their own text.
  assertRefuses(
    () => configOf("data.files=[]"),
    "Cannot read text as 'data.files' must name at least one path or glob, like 'data.files=[notes/**/*.md]': got []",
  );
  const demo = configOf("experiment=demo", "data.files=[b.txt]").data;
  assertEquals([demo.name, demo.tokenizer], ["files", "byte"]);
});

Deno.test("compose() chooses data=fairseq when a folder is named", () => {
  const { data } = configOf("data.path=data-bin");
  assertEquals([data.name, data.path, data.bpe], [
    "fairseq",
    resolve("data-bin"),
    "gpt2",
  ]);
});

Deno.test("compose() knows the papers' data", () => {
  const { data } = configOf("data=codeparrot");
  assertEquals(
    [data.name, data.text_field, data.split, data.valid_split],
    ["files", "content", "train", "validation"],
  );
  assertEquals(data.valid_max_documents, 2000);
  // 100,000 documents are the paper's choice, for its data alone.
  assertEquals(data.documents_per_token_mult, 100_000);
  const own = configOf("experiment=fig9", "data.files=[b.txt]").data;
  assertEquals(own.documents_per_token_mult, null);
  assertEquals(configOf("experiment=fig9").data, data);
  const { name, combine_val } = fairseqConfigOf("experiment=nf-125m-lr1e-3")
    .data;
  assertEquals([name, combine_val], ["fairseq", true]);
});

Deno.test("compose() reads files of the user's folder", () => {
  withFolder({
    "model/mine.yaml": "defaults: [op]\nn_layer: 3\nn_head: 6\n",
    "experiment/x.yaml":
      "# @package _global_\ndefaults:\n  - override /model: mine\ntrain:\n  learning_rate: 1e-4\n",
  }, (configDir) => {
    const overrides = ["experiment=x", "model.n_head=4"];
    const { config } = compose({ overrides, configDir });
    assert(config.model.name === "gpt2");
    assertEquals(config.model.norm_type, "none");
    assertEquals([config.model.n_layer, config.model.n_head], [3, 4]);
    assertEquals(config.train.learning_rate, 1e-4);
  });
});

Deno.test("compose() refuses unknown choices with all known ones", () => {
  assertRefuses(
    () => configOf("model=skiples"),
    "Cannot choose 'model=skiples' as 'model' must be one of default, default-parallel, normformer, op, skipless, skipless-parallel, transformer_lm_gpt: the nearest is 'skipless' (on the command line)",
  );
});

Deno.test("fromYaml() reads back what compose() prints", () => {
  const cases = [
    [],
    ["experiment=demo"],
    ["model=skipless", "model.lrelu_neg_slope=-1e-9", "train.lr_end=0"],
    ["run=2026-01-01", "data.files=[*.txt,'null',a: b,'3',#x,\"a'b\"]"],
    ["run='a\\${b} c\\\\\\${d} $e'", "data.train_subset=010"],
  ];
  for (const overrides of cases) {
    const { config, yaml } = compose({ overrides });
    assertEquals(fromYaml(yaml, "config.yaml"), config);
    assertEquals(printConfig(fromYaml(yaml, "config.yaml")), yaml);
  }
});

Deno.test("printConfig() writes small numbers as every YAML reader knows them", () => {
  const { yaml } = compose({ overrides: ["train.adam_epsilon=2.5e-9"] });
  assertStringIncludes(yaml, "  lr_end: 1.0e-7\n");
  assertStringIncludes(yaml, "  adam_epsilon: 2.5e-9\n");
  assertStringIncludes(yaml, "  vocab_size: null\n");
});

Deno.test("compose() accepts a printed config as a root", () => {
  const { config, yaml } = compose({ overrides: ["experiment=demo"] });
  withFolder({ "config.yaml": yaml }, (configDir) => {
    assertEquals(compose({ overrides: [], configDir }).config, config);
    const { model } =
      compose({ overrides: ["model.n_layer=1"], configDir }).config;
    assert(model.name === "gpt2");
    assertEquals(model.n_layer, 1);
  });
});

Deno.test("fromYaml() is strict", () => {
  const { yaml } = compose({ overrides: [] });
  const read = (from: string, to: string) => () =>
    fromYaml(yaml.replace(from, to), "runs/x/config.yaml");
  assertRefuses(
    () => fromYaml("# nothing\n", "runs/x/config.yaml"),
    "Cannot use runs/x/config.yaml as it must hold a config: got no key",
  );
  assertRefuses(
    read("run: null", "run: ${oc.env:HOME}"),
    "Cannot resolve 'run' as a saved config must have values in place of ${oc.env:…} (runs/x/config.yaml:1)",
  );
  assertRefuses(
    read("seed: 0", "sead: 0"),
    "Cannot set 'sead' as it must be a known key: the nearest is 'seed' (runs/x/config.yaml:2)",
  );
  assertRefuses(
    read("n_embd: 768", "n_embd: 770"),
    "Cannot split heads as 'model.n_embd' must be a multiple of 'model.n_head': got 770 and 12",
  );
  assertRefuses(
    read("seed: 0", "seed: 0: 1"),
    "Cannot read runs/x/config.yaml as line 2 must be valid YAML: ",
    { continues: true },
  );
});

Deno.test("compose() refuses another family's name alone", () => {
  assertRefuses(
    () => compose({ overrides: ["model.name=transformer_lm_gpt"] }),
    "Cannot set 'model.name' to 'transformer_lm_gpt' as the model's other keys must be of that family: write model=transformer_lm_gpt, which sets all of them",
  );
  assertRefuses(
    () => compose({ overrides: ["model=normformer", "model.name=gpt2"] }),
    "Cannot set 'model.name' to 'gpt2' as the model's other keys must be of that family: write model=default, which sets all of them",
  );
  compose({ overrides: ["model=op", "model.name=gpt2"] });
});
