import { assertEquals } from "@std/assert";
import { mergeFiles } from "../../../src/config/compose/defaults_list.ts";
import { openLibrary } from "../../../src/config/compose/library.ts";
import { assertRefuses, withFolder } from "../../helpers/config.ts";

/** Merges a folder of configs; returns value and origin by key. */
function merge(
  files: Record<string, string>,
  choices: Record<string, string | null> = {},
) {
  let values: Record<string, unknown> = {};
  let origins: Record<string, string> = {};
  withFolder(files, (folder) => {
    try {
      const flat = mergeFiles(
        openLibrary(folder),
        new Map(Object.entries(choices)),
      );
      values = Object.fromEntries(
        [...flat].map(([key, value]) => [key, value.value]),
      );
      origins = Object.fromEntries(
        [...flat].map(([key, { origin }]) => [
          key,
          origin.replace(`${folder}/`, ""),
        ]),
      );
    } catch (error) {
      // The folder's name is random, so messages are compared without it.
      const { message } = error as Error;
      (error as Error).message = message.replaceAll(`${folder}/`, "");
      throw error;
    }
  });
  return { values, origins };
}

const ROOT = "defaults:\n  - model: a\n  - _self_\n  - experiment: null\n";
const A = "x: 1\ny: 1\n";
const B = "defaults:\n  - a\ny: 2\n";

Deno.test("mergeFiles() lets a file override what it inherits", () => {
  const files = { "config.yaml": ROOT, "model/a.yaml": A, "model/b.yaml": B };
  const { values, origins } = merge(files, { model: "b" });
  assertEquals(values, { "model.x": 1, "model.y": 2 });
  assertEquals(origins, {
    "model.x": "model/a.yaml:1",
    "model.y": "model/b.yaml:3",
  });
});

Deno.test("mergeFiles() honours _self_, which is last by default", () => {
  const first = "defaults: [_self_, a]\ny: 2\n";
  const files = {
    "config.yaml": ROOT,
    "model/a.yaml": A,
    "model/b.yaml": first,
  };
  assertEquals(merge(files, { model: "b" }).values["model.y"], 1);
  const self = (list: string) =>
    merge({
      "config.yaml": `defaults: ${list}\nmodel:\n  x: 5\n`,
      "model/a.yaml": A,
    }).values["model.x"];
  assertEquals(self("[{model: a}]"), 5);
  assertEquals(self("[{model: a}, _self_]"), 5);
  assertEquals(self("[_self_, {model: a}]"), 1);
});

Deno.test("mergeFiles() inherits from several files in their order", () => {
  const files = {
    "config.yaml": ROOT,
    "model/a.yaml": A,
    "model/c.yaml": "x: 3\nz: 3\n",
    "model/d.yaml": "defaults: [a, c]\nz: 4\n",
  };
  assertEquals(merge(files, { model: "d" }).values, {
    "model.x": 3,
    "model.y": 1,
    "model.z": 4,
  });
});

Deno.test("mergeFiles() sets an experiment's keys from the root, last", () => {
  const files = {
    "config.yaml": `${ROOT}seed: 1\n`,
    "model/a.yaml": A,
    "experiment/base.yaml": "model:\n  y: 8\nseed: 8\n",
    "experiment/e.yaml":
      "# @package _global_\ndefaults: [base]\nmodel:\n  x: 9\n",
  };
  assertEquals(merge(files, { experiment: "e" }).values, {
    "model.x": 9,
    "model.y": 8,
    seed: 8,
  });
});

Deno.test("mergeFiles() lets an experiment choose, and the command line override it", () => {
  const files = {
    "config.yaml": ROOT,
    "model/a.yaml": A,
    "model/b.yaml": B,
    "model/c.yaml": "x: 3\n",
    "experiment/e.yaml": "defaults:\n  - override /model: b\n",
  };
  assertEquals(merge(files, { experiment: "e" }).values["model.y"], 2);
  const both = merge(files, { experiment: "e", model: "c" });
  assertEquals(both.values, { "model.x": 3 });
});

Deno.test("mergeFiles() takes the names of files as they are written", () => {
  for (const name of ["010", "1e-3", "2024", "1.10", "2024-01-01", "true"]) {
    const files = {
      "config.yaml": `defaults: [model: ${name}, experiment: null]`,
      [`model/${name}.yaml`]: A,
      "model/other.yaml": `defaults: [${name}]`,
      "experiment/e.yaml": `defaults: [{override /model: ${name}}]`,
    };
    for (const choices of [{}, { model: "other" }, { experiment: "e" }]) {
      assertEquals(merge(files, choices).values["model.x"], 1, name);
    }
  }
});

Deno.test("mergeFiles() adds a chosen group that is not listed", () => {
  const files = { "config.yaml": "model:\n  x: 5\n", "model/a.yaml": A };
  assertEquals(merge(files).values, { "model.x": 5 });
  assertEquals(merge(files, { model: "a" }).values["model.x"], 1);
});

Deno.test("mergeFiles() refuses files that inherit from themselves", () => {
  assertRefuses(
    () =>
      merge({
        "config.yaml": ROOT,
        "model/a.yaml": "defaults: [b]",
        "model/b.yaml": "defaults: [a]",
      }),
    "Cannot compose model/a.yaml as a file must not inherit from itself: model/a.yaml -> model/b.yaml -> model/a.yaml",
  );
});

Deno.test("mergeFiles() refuses unknown groups and choices with their origin", () => {
  assertRefuses(
    () => merge({ "config.yaml": "seed: 1\ndefaults:\n  - modle: a\n" }),
    "Cannot read 'defaults' as 'modle' must be one of the groups data, experiment, model, train: the nearest is 'model' (config.yaml:2)",
  );
  assertRefuses(
    () =>
      merge({
        "config.yaml": ROOT,
        "model/a.yaml": "x: 1\ndefaults: [defautl]\n",
      }),
    "Cannot choose 'model=defautl' as 'model' must be one of a, default, default-parallel, normformer, op, skipless, skipless-parallel, transformer_lm_gpt: the nearest is 'default' (model/a.yaml:2)",
  );
});

Deno.test("mergeFiles() refuses malformed defaults lists", () => {
  const line = (allowed: string, got: string, place: string) =>
    `Cannot read 'defaults' as each of its lines must be ${allowed}: got ${got} (${place})`;
  const inModel = "the name of another file of model/ or '_self_'";
  const cases: [string, string][] = [
    ["[{override /train: x}]", '{"override /train":"x"}'],
    ["[[3]]", "[3]"],
  ];
  for (const [list, got] of cases) {
    assertRefuses(
      () => merge({ "config.yaml": ROOT, "model/a.yaml": `defaults: ${list}` }),
      line(inModel, got, "model/a.yaml:1"),
    );
  }
  assertRefuses(
    () => merge({ "config.yaml": "defaults: [model]" }),
    line("'group: choice' or '_self_'", '"model"', "config.yaml:1"),
  );
  assertRefuses(
    () =>
      merge({
        "config.yaml": ROOT,
        "model/a.yaml": A,
        "experiment/e.yaml": "defaults: [{/model: a}]",
      }, { experiment: "e" }),
    line(
      "the name of another experiment, 'override /group: choice' or '_self_'",
      '{"/model":"a"}',
      "experiment/e.yaml:1",
    ),
  );
  assertRefuses(
    () => merge({ "config.yaml": "defaults: model" }),
    "Cannot read 'defaults' as it must be a list: got \"model\" (config.yaml:1)",
  );
});
