import { assertEquals } from "@std/assert";
import { join, resolve } from "node:path";
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
  refused("train.learning_rate=0.0", "a number above 0", "0.0");
  refused(
    "train.learning_rate=1e999",
    "a number of at most 1.80e+308",
    "1e999",
  );
  refused("train.max_steps=1e30", "an integer below 2^32 (4294967296)", "1e30");
  refused(
    "seed=12345678901234567890",
    "an integer below 2^32 (4294967296)",
    "12345678901234567890",
  );
  refused("seed=017", "an integer of 0 or more", '"017"');
  refused("train.weight_decay=-1", "a number of 0 or more", "-1");
  refused("model.attn_pdrop=1", "a number from 0 to below 1", "1");
  refused("train.warmup_ratio=1.5", "a number from 0 to 1", "1.5");
  refused("model.value_skip_gain=one", "a number or null", '"one"');
  refused("model.centre_attn=yes", "true or false", '"yes"');
  refused("report_gains=1", "true or false", "1");
  refused("run=[3]", "text or null", '["3"]');
  refused("run=", "text or null", '""');
  refused("data.files=*.txt", "a list of text, like [a, b]", '"*.txt"');
  refused(
    "data.weights=[1,0]",
    "a list of numbers above 0, like [0.7, 0.3]",
    "[1,0]",
  );
  refused(
    "data.text_field=null",
    "text, or a list of text, like [a, b]",
    "null",
  );
  refused(
    "data.valid_files=[a,[010]]",
    "a list of text, like [a, b]",
    '["a",["010"]]',
  );
});

Deno.test("checkConfig() takes text as it is written", () => {
  const names = ["010", "1e-3", "2024", "1.10", "+5", ".5", "True", "1_000"];
  for (const name of names) {
    const { run, data } = configOf(
      `run=${name}`,
      `data.train_subset=${name}`,
      `data.text_field=${name}`,
      `data.valid_files=[a, ${name}]`,
    );
    assertEquals([data.train_subset, data.text_field], [name, name]);
    const paths = [resolve(name), resolve("a"), resolve(name)];
    assertEquals([run, ...data.valid_files], paths);
  }
  for (const name of [...names, "2024-01-01", "yes", "0x10", "1:30"]) {
    const text =
      `run: ${name}\ndata: {train_subset: ${name}, valid_files: [${name}, b]}\n`;
    withFolder({ "experiment/e.yaml": text }, (configDir) => {
      const { config } = compose({ overrides: ["experiment=e"], configDir });
      assertEquals(config.data.train_subset, name);
      const [named, b] = [name, "b"].map((file) =>
        join(configDir, "experiment", file)
      );
      assertEquals([config.run, ...config.data.valid_files], [named, named, b]);
    });
  }
});

Deno.test("checkConfig() reads numbers in files by one rule", () => {
  const { config } = inFolder("seed: 12\ntrain: {learning_rate: 1e-3}");
  assertEquals([config.seed, config.train.learning_rate], [12, 1e-3]);
  // YAML 1.1 reads 8, YAML 1.2 reads 10: it must be written without doubt.
  assertRefuses(
    () => inFolder("seed: 010"),
    "Cannot set 'seed' as it must be an integer of 0 or more: got \"010\" (FOLDER/experiment/e.yaml:1)",
  );
});

/** Composes an experiment with this text. */
function inFolder(text: string) {
  let made: ReturnType<typeof compose> | undefined;
  withFolder({ "experiment/e.yaml": text }, (configDir) => {
    try {
      made = compose({ overrides: ["experiment=e"], configDir });
    } catch (error) {
      const { message } = error as Error;
      (error as Error).message = message.replaceAll(configDir, "FOLDER");
      throw error;
    }
  });
  return made!;
}

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

Deno.test("compose() takes a number for a key that is text as it was written", () => {
  const subset = (...overrides: string[]) =>
    configOf(...overrides).data.train_subset;
  const { seed, learning } = {
    seed: "${seed}",
    learning: "${train.learning_rate}",
  };
  assertEquals(subset(`data.train_subset=${seed}`, "seed=3"), "3");
  assertEquals(
    subset(`data.train_subset=${learning}`, "train.learning_rate=1e-4"),
    "1e-4",
  );
});

Deno.test("compose() reads the environment", () => {
  Deno.env.set("BLOCKSMITH_TEST_LAYERS", "3");
  try {
    const { model, run } = configOf(
      "model.n_layer=${oc.env:BLOCKSMITH_TEST_LAYERS}",
      "run=layers-${oc.env:BLOCKSMITH_TEST_LAYERS}",
    );
    assertEquals([model.n_layer, run], [3, resolve("layers-3")]);
  } finally {
    Deno.env.delete("BLOCKSMITH_TEST_LAYERS");
  }
  assertRefuses(
    () => configOf("run=${oc.env:}"),
    "Cannot resolve 'run' as the environment variable '' must be set, or have a default, like ${oc.env:NAME,default}: got nothing (on the command line)",
  );
});
