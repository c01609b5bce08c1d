import { assertEquals } from "@std/assert";
import {
  type FlatConfig,
  flatten,
  formatValue,
  unflatten,
} from "../../../src/config/values/flat_config.ts";
import { assertRefuses } from "../../helpers/config.ts";

const flatOf = (tree: Record<string, unknown>, prefix = "") => {
  const flat: FlatConfig = new Map();
  flatten(flat, tree, prefix, { origin: (key) => `at ${key}` });
  return flat;
};

Deno.test("flatten() flattens sections and keeps lists whole", () => {
  assertEquals([...flatOf({ a: 1, b: { c: [1, { d: 2 }] } }, "x")], [
    ["x.a", { value: 1, origin: "at x.a" }],
    ["x.b.c", { value: [1, { d: 2 }], origin: "at x.b.c" }],
  ]);
});

Deno.test("flatten() turns an empty section into null", () => {
  assertEquals(flatOf({ a: {} }).get("a")?.value, null);
});

Deno.test("flatten() refuses dotted names", () => {
  assertRefuses(
    () => flatOf({ "model.n_layer": 3 }),
    "Cannot set 'model.n_layer' as a key in a file must be nested, 'model:' and below it 'n_layer:': got a dotted name (at model.n_layer)",
  );
});

Deno.test("unflatten() undoes flatten()", () => {
  const tree = { a: 1, b: { c: null, d: { e: ["x"] } } };
  assertEquals(unflatten(flatOf(tree)), tree);
});

Deno.test("formatValue() is short and unambiguous", () => {
  assertEquals(formatValue("3"), '"3"');
  assertEquals(formatValue(3), "3");
  assertEquals(formatValue(Infinity), "Infinity");
  assertEquals(formatValue(undefined), "nothing");
  assertEquals(formatValue("x".repeat(200)).length, 80);
  assertEquals(formatValue(1e30, "1_0e29"), "1_0e29");
  assertEquals(formatValue(["a", 1, null], ["a", "1.0", "~"]), '["a",1.0,~]');
});
