import { assertEquals } from "@std/assert";
import type { FlatConfig } from "../../../src/config/values/flat_config.ts";
import { interpolate } from "../../../src/config/values/interpolate.ts";
import { assertRefuses } from "../../helpers/config.ts";

const flatOf = (values: Record<string, unknown>): FlatConfig =>
  new Map(
    Object.entries(values).map((
      [key, value],
    ) => [key, { value, origin: "f:1" }]),
  );
const resolve = (values: Record<string, unknown>) =>
  Object.fromEntries(
    [...interpolate(flatOf(values))].map(([key, { value }]) => [key, value]),
  );

Deno.test("interpolate() keeps the type of what is referred to", () => {
  assertEquals(
    resolve({
      "m.a": "${m.b}",
      "m.b": 0.5,
      c: "${d}",
      d: null,
      e: "${ f }",
      f: [1],
    }),
    { "m.a": 0.5, "m.b": 0.5, c: null, d: null, e: [1], f: [1] },
  );
});

Deno.test("interpolate() follows chains, in lists too", () => {
  assertEquals(resolve({ a: "${b}", b: "${c}", c: 3, d: ["${a}", "x${b}y"] }), {
    a: 3,
    b: 3,
    c: 3,
    d: [3, "x3y"],
  });
});

Deno.test("interpolate() puts values into text", () => {
  assertEquals(
    resolve({ run: "runs/${m.name}-${seed}", "m.name": "op", seed: 0 }).run,
    "runs/op-0",
  );
});

Deno.test("interpolate() does not change its argument", () => {
  const flat = flatOf({ a: "${b}", b: 1 });
  interpolate(flat);
  assertEquals(flat.get("a")?.value, "${b}");
});

Deno.test("interpolate() refuses a cycle and shows it", () => {
  assertRefuses(
    () => resolve({ z: "${a}", a: "${b}", b: ["${c}"], c: "x${a}" }),
    "Cannot resolve 'a' as an interpolation must not lead back to itself: a -> b -> c -> a (f:1)",
  );
});

Deno.test("interpolate() refuses references to unknown keys", () => {
  assertRefuses(
    () => resolve({ a: "${m.gian}", "m.gain": 1 }),
    "Cannot resolve 'a' as ${m.gian} must name a known key: the nearest is 'm.gain' (f:1)",
  );
  assertRefuses(
    () => resolve({ a: "${m}", "m.gain": 1 }),
    "Cannot resolve 'a' as ${m} must name one key of the section, like 'm.gain' (f:1)",
  );
  assertRefuses(
    () => resolve({ a: "x ${b}", b: [1] }),
    "Cannot resolve 'a' as ${b} inside text must be a single value: got [1] (f:1)",
  );
  assertRefuses(
    () => resolve({ a: "${b", b: 1 }),
    "Cannot resolve 'a' as every '${' must be closed by '}': got \"${b\" (f:1)",
  );
});
