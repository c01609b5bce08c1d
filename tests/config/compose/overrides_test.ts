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
    ["model.n_layer", { value: 6, origin: "on the command line" }],
  ]);
});

Deno.test("parseOverrides() lets the later of two override the other", () => {
  assertEquals(read("a=1", "a=2").values.get("a")?.value, 2);
});

Deno.test("parseOverrides() reads scalars as YAML does", () => {
  assertEquals(
    ["3e-4", "1e-3", "18", "-0.5", ".5", "1.", "+2"].map(valueOf),
    [3e-4, 1e-3, 18, -0.5, 0.5, 1, 2],
  );
  assertEquals(["null", "~", "", "True", "false"].map(valueOf), [
    null,
    null,
    null,
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
  assertRefuses(
    () => read("~seed"),
    "Cannot read the override '~seed' as keys must not be removed: set it to null, 'seed=null'",
  );
  assertRefuses(
    () => read("model=[a,b]"),
    "Cannot read the override 'model=[a,b]' as 'model' must be one name: got a list",
  );
  assertRefuses(
    () => read("a=[{b]"),
    "Cannot read the override 'a=[{b]' as every bracket in a list must be closed",
  );
  assertRefuses(
    () => read("a=['b]"),
    "Cannot read the override 'a=['b]' as every quote in a list must be closed",
  );
  assertRefuses(
    () => read("a='b"),
    "Cannot read the override 'a='b' as every quote must be closed",
  );
});
