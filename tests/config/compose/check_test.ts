import { assertEquals } from "@std/assert";
import { keysOf } from "../../../src/config/compose/check.ts";
import { compose } from "../../../src/config/mod.ts";
import { configSchemas } from "../../../src/config/schema/schema.ts";
import { assertRefuses, configOf, withFolder } from "../../helpers/config.ts";

const refused = (override: string, rule: string, got: string) => {
  const key = override.split("=")[0];
  assertRefuses(
    () => configOf(override),
    `Cannot set '${key}' as it must be ${rule}: got ${got} (on the command line)`,
  );
};

Deno.test("checkConfig() refuses ill-typed values with rule, value and origin", () => {
  const count = "an integer of 1 or more";
  refused("model.n_layer=many", count, '"many"');
  refused("model.n_layer='3'", count, '"3"');
  refused("model.n_layer=2.5", count, "2.5");
  refused("model.n_layer=0", count, "0");
  refused("model.n_layer=null", count, "null");
  refused("model.context_length=1", "an integer of 2 or more", "1");
  refused("seed=-1", "an integer of 0 or more", "-1");
  refused("train.max_steps=0", `${count} or null`, "0");
  refused("train.learning_rate=0", "a number above 0", "0");
  refused("train.learning_rate=1e999", "a number above 0", "Infinity");
  refused("train.weight_decay=-1", "a number of 0 or more", "-1");
  refused("model.attn_pdrop=1", "a number from 0 to below 1", "1");
  refused("train.warmup_ratio=1.5", "a number from 0 to 1", "1.5");
  refused("model.value_skip_gain=one", "a number or null", '"one"');
  refused("model.centre_attn=yes", "true or false", '"yes"');
  refused("report_gains=1", "true or false", "1");
  refused("run=3", "text or null", "3");
  refused("data.files=*.txt", "a list of text, like [a, b]", '"*.txt"');
  refused(
    "data.weights=[1,0]",
    "a list of numbers above 0, like [0.7, 0.3]",
    "[1,0]",
  );
  refused(
    "data.text_field=3",
    "text, or a list of text, like [a, b]",
    "3",
  );
  refused("data.valid_files=[a,3]", "a list of text, like [a, b]", '["a",3]');
});

Deno.test("checkConfig() lists the allowed words", () => {
  refused(
    "model.norm_type=layernorm",
    "one of rmsnorm, ln, none",
    '"layernorm"',
  );
  refused("model.norm_type=null", "one of rmsnorm, ln, none", "null");
  refused(
    "model.tie_valproj_init=all",
    "one of all_blocks, last_block, null",
    '"all"',
  );
  refused(
    "train.lr_scheduler_type=cosine",
    "one of polynomial, polynomial_decay",
    '"cosine"',
  );
  refused(
    "train.optim=adam",
    "one of adamw_hf, adamw_torch, adam_fairseq",
    '"adam"',
  );
});

Deno.test("checkConfig() refuses unknown keys with the nearest name", () => {
  const cases = {
    "model.n_layr": "model.n_layer",
    "n_layer": "model.n_layer",
    "model.learning_rate": "train.learning_rate",
    "modle": "model",
    "experimnt": "experiment",
    "seed.x": "seed",
  };
  for (const [key, near] of Object.entries(cases)) {
    for (const plus of ["", "+"]) {
      assertRefuses(
        () => configOf(`${plus}${key}=3`),
        `Cannot set '${key}' as it must be a known key: the nearest is '${near}' (on the command line)`,
      );
    }
  }
});

Deno.test("checkConfig() names the file and line of a value", () => {
  const inFile = (text: string, line: string, how = {}) =>
    withFolder({ "model/mine.yaml": text }, (configDir) =>
      assertRefuses(
        () => compose({ overrides: ["model=mine"], configDir }),
        line.replace("FILE", `${configDir}/model/mine.yaml`),
        how,
      ));
  inFile(
    "defaults: [default]\n\nn_layr: 2\n",
    "Cannot set 'model.n_layr' as it must be a known key: the nearest is 'model.n_layer' (FILE:3)",
  );
  inFile(
    "defaults: [default]\nn_embd: wide\n",
    "Cannot set 'model.n_embd' as it must be an integer of 1 or more: got \"wide\" (FILE:2)",
  );
  inFile(
    "name: gpt2\n",
    "Cannot use the config as 'model.context_length' must be set: got nothing (the file chosen for 'model' inherits what it does not set by 'defaults: [default]')",
  );
  inFile(
    "defaults: [default]\nn_embd: [\n",
    "Cannot read FILE as line 3 must be valid YAML: ",
    { continues: true },
  );
});

Deno.test("checkConfig() accepts an empty section and refuses a value in its place", () => {
  const withRoot = (train: string, check: (configDir: string) => void) =>
    withFolder({ "experiment/e.yaml": `seed: 3\ntrain:${train}\n` }, check);
  withRoot(" # nothing yet", (configDir) => {
    const { config } = compose({ overrides: ["experiment=e"], configDir });
    assertEquals([config.seed, config.train.keep], [3, 3]);
  });
  withRoot(" fast", (configDir) =>
    assertRefuses(
      () => compose({ overrides: ["experiment=e"], configDir }),
      `Cannot set 'train' as it must be a section of keys: got "fast" (${configDir}/experiment/e.yaml:2)`,
    ));
});

Deno.test("keysOf() lists every key once, sections flattened", () => {
  const keys = keysOf(configSchemas.gpt2);
  assertEquals(new Set(keys).size, keys.length);
  assertEquals(keys.filter((key) => !key.includes(".")), [
    "run",
    "seed",
    "gpu",
    "num_token_mult",
    "report_gains",
    "report_attn_entropy",
    "report_outliers",
    "report_grad_norms",
    "report_every",
    "use_wandb",
  ]);
});
