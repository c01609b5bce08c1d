import { assertEquals } from "@std/assert";
import { parseOverrides } from "../../../src/config/compose/overrides.ts";
import { assertRefuses } from "../../helpers/config.ts";

const GROUPS = ["model", "data"];
const read = (...overrides: string[]) => parseOverrides(overrides, GROUPS);
const valueOf = (written: string) =>
  read(`a.b=${written}`).values.get("a.b")!.value;

Deno.test("parseOverrides() distinguishes choices from values", () => {
  const { choices, values } = read("model=op", "model.n_layer=6", "data=null");
  assertEquals([...choices], [["model", "op"], ["data", null]]);
  assertEquals([...values], [
    ["model.n_layer", { value: 6, text: "6", origin: "on the command line" }],
  ]);
});

Deno.test("parseOverrides() lets the later of two override the other", () => {
  assertEquals(read("a=1", "a=2").values.get("a")?.value, 2);
});

Deno.test("parseOverrides() reads scalars", () => {
  assertEquals(
    ["3e-4", "1e-3", "18", "-0.5", ".5", "1.", "+2"].map(valueOf),
    [3e-4, 1e-3, 18, -0.5, 0.5, 1, 2],
  );
  assertEquals(["null", "~", "", "True", "false"].map(valueOf), [
    null,
    "~",
    "",
    true,
    false,
  ]);
  assertEquals(["'3'", '"null"', "'it''s'", String.raw`"a\"b"`].map(valueOf), [
    "3",
    "null",
    "it's",
    'a"b',
  ]);
});

Deno.test("parseOverrides() keeps text with a meaning in YAML as text", () => {
  for (
    const text of ["*.txt", "a: b", "2026-01-01", "x#y", "${model.a}", "k=v"]
  ) {
    assertEquals(valueOf(text), text);
  }
});

Deno.test("parseOverrides() reads lists", () => {
  assertEquals(valueOf("[]"), []);
  assertEquals(valueOf("[a, 2,null]"), ["a", 2, null]);
  assertEquals(valueOf("['a,b',\"c\"]"), ["a,b", "c"]);
  assertEquals(valueOf("[*.{md,txt},/x/**/[ab]?.py]"), [
    "*.{md,txt}",
    "/x/**/[ab]?.py",
  ]);
  assertEquals(valueOf("[it's.txt,b]"), ["it's.txt", "b"]);
});

Deno.test("parseOverrides() takes a choice as it is written", () => {
  const names = ["1e-3", "010", "2024", "1.10", "+5", ".5", "True", "deep/er"];
  for (const name of names) {
    assertEquals(read(`model=${name}`).choices.get("model"), name);
  }
  assertEquals(read("model='null'").choices.get("model"), "null");
  assertEquals(read("model=Null").choices.get("model"), null);
});

Deno.test("parseOverrides() merges a mapping into a section", () => {
  const { values } = read("train={max_steps: 5,x:{y:1e-3}}", "model={n: 2}");
  assertEquals([...values].map(([key, { value }]) => [key, value]), [
    ["train.max_steps", 5],
    ["train.x.y", 1e-3],
    ["model.n", 2],
  ]);
});

Deno.test("parseOverrides() accepts a leading +", () => {
  assertEquals(read("+a.b=1", "++c=2").values.size, 2);
  assertEquals(read("+model=op").choices.get("model"), "op");
});

Deno.test("parseOverrides() refuses anything else", () => {
  const rule =
    "must be 'key=value' or 'group=choice', like 'model.n_layer=6' or 'model=op'";
  for (const text of ["seed", "=3", "a..b=1", "--x=1", "a b=1"]) {
    assertRefuses(
      () => read(text),
      `Cannot read the override '${text}' as it ${rule}`,
    );
  }
  for (const text of ["~seed", "~seed=3"]) {
    assertRefuses(
      () => read(text),
      `Cannot read the override '${text}' as keys must not be removed: where a key may be null, set it to null, 'seed=null'; else leave it to its default`,
    );
  }
  assertRefuses(
    () => read("~model"),
    "Cannot read the override '~model' as groups must not be removed: to leave one out, set it to null, 'model=null'",
  );
  assertRefuses(
    () => read("model="),
    "Cannot read the override 'model=' as 'model' must be a name: 'model=null' leaves the group out",
  );
  assertRefuses(
    () => read("model@other=op"),
    "Cannot read the override 'model@other=op' as a choice must have no package ('@other'), as each group has its place: write 'model=<choice>'",
  );
  assertRefuses(
    () => read("model/deep=er"),
    "Cannot read the override 'model/deep=er' as the group is 'model': write 'model=deep/<choice>'",
  );
  assertRefuses(
    () => read("db/x=1"),
    "Cannot read the override 'db/x=1' as 'db/x' must be one of the groups model, data",
  );
  assertRefuses(
    () => read("hydra.run.dir=out"),
    "Cannot read the override 'hydra.run.dir=out' as Hydra's own settings have no effect here: set the folder of the run by run=<folder>",
  );
  assertRefuses(
    () => read("hydra/launcher=joblib"),
    "Cannot read the override 'hydra/launcher=joblib' as Hydra's own settings have no effect here: leave it out",
  );
  assertRefuses(
    () => read("model=[a,b]"),
    "Cannot read the override 'model=[a,b]' as 'model' must be one name: got a list",
  );
});
