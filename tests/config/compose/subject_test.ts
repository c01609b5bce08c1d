import { assertEquals } from "@std/assert";
import { compose } from "../../../src/config/mod.ts";
import { fieldOf, keysOf } from "../../../src/config/compose/check.ts";
import { configSchemas } from "../../../src/config/schema/schema.ts";
import { withFolder } from "../../helpers/config.ts";

const of = (...overrides: string[]) => compose({ overrides, demo: true });

/** Overrides that say how a run is done. */
const HOW = [
  "data.cache=/x",
  "data.workers=2",
  "data.skip_bad=true",
  "run=runs/mine",
  "seed=3",
  "gpu=0",
  "use_wandb=true",
  "report_gains=true",
  "report_every=5",
  "fp16=True",
  "train.max_steps=5",
  "train.learning_rate=1e-3",
  "train={max_steps: 5, keep: 1}",
  "data={cache: /x}",
  "train=fairseq",
];

/** Overrides that say what is trained, and need no other one. */
const WHAT = [
  "model.n_layer=3",
  "model={n_layer: 3}",
  "model=op",
  "data.max_documents=10",
  "data.tokenizer=gpt2",
  "data.files=[a.txt]",
  "num_token_mult=2",
  "experiment=null",
  "experiment=demo-normformer",
];

Deno.test("what only says how leaves the demo chosen, with any prefix", () => {
  const { config: demo } = compose({ overrides: ["experiment=demo"] });
  for (const prefix of ["", "+", "++"]) {
    for (const override of HOW) {
      const { config, isDemo } = of(prefix + override);
      assertEquals([isDemo, config.model], [true, demo.model], override);
    }
    for (const override of WHAT) {
      const { isDemo, subject } = of(prefix + override);
      assertEquals(isDemo, false, override);
      assertEquals(subject.decidedBy, prefix + override);
    }
  }
  const { isDemo, subject } = of(
    ...HOW.slice(0, -1),
    "model.n_layer=3",
    "seed=1",
  );
  assertEquals([isDemo, subject.decidedBy], [false, "model.n_layer=3"]);
});

Deno.test("a chosen model or experiment decides, before single keys", () => {
  const { subject } = of("data.files=[a]", "model=op", "model.n_layer=3");
  assertEquals([subject.choice, subject.decidedBy], ["op", "model=op"]);
  const cleared = of("model=op", "experiment=null").subject;
  assertEquals([cleared.choice, cleared.decidedBy], ["op", "experiment=null"]);
});

Deno.test("single keys alone may be meant for the demo", () => {
  const alone = (...overrides: string[]) =>
    of(...overrides).subject.byKeysAlone;
  assertEquals(alone("model.n_layer=3", "data.cache=/x"), true);
  assertEquals(alone("model={n_layer: 3}"), true);
  assertEquals(alone("data.max_documents=9"), true);
  assertEquals(alone("num_token_mult=2"), true);
  for (const words of ["model=op", "data.files=[a]", "experiment=null"]) {
    assertEquals(alone("model.n_layer=3", words), false, words);
  }
  assertEquals(alone("seed=3"), false);
  assertEquals(alone(), false);
});

Deno.test("a folder of configs, and a caller that asks for none, have no demo", () => {
  assertEquals(compose({ overrides: ["seed=3"] }).isDemo, false);
  withFolder({ "config.yaml": "seed: 3" }, (configDir) => {
    const { isDemo, config } = compose({
      overrides: [],
      configDir,
      demo: true,
    });
    assertEquals([isDemo, config.seed], [false, 3]);
  });
});

Deno.test("no key of a model says how it is trained", () => {
  for (const schema of Object.values(configSchemas)) {
    const how = keysOf(schema).filter((key) => fieldOf(schema, key)?.isHow);
    assertEquals(how.filter((key) => key.startsWith("model.")), []);
    assertEquals(how.filter((key) => key.startsWith("data.")), [
      "data.skip_bad",
      "data.workers",
      "data.cache",
    ]);
  }
});
