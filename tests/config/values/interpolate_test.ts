import { assertEquals } from "@std/assert";
import type { FlatConfig } from "../../../src/config/values/flat_config.ts";
import {
  escapeReferences,
  interpolate,
} from "../../../src/config/values/interpolate.ts";
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

Deno.test("interpolate() reads the environment, and only where it may", () => {
  const environment = (name: string) =>
    new Map([["N", "3"], ["T", "007"], ["E", ""]]).get(name);
  const read = (value: unknown) =>
    interpolate(flatOf({ a: value }), { environment }).get("a");
  // A number is a number, and has its text for keys that are text.
  assertEquals(read("${oc.env:N}"), { value: 3, text: "3", origin: "f:1" });
  assertEquals(read("${oc.env:T}")?.value, "007");
  assertEquals(read("${oc.env:E}")?.value, "");
  assertEquals(read("${oc.env:X,1e-3}")?.value, 1e-3);
  assertEquals(read("r-${oc.env:N}-${oc.env:X,'a b'}")?.value, "r-3-a b");
  assertRefuses(
    () => read("${oc.env:X}"),
    "Cannot resolve 'a' as the environment variable 'X' must be set, or have a default, like ${oc.env:NAME,default}: got nothing (f:1)",
  );
  assertRefuses(
    () => resolve({ a: "${oc.env:N}" }),
    "Cannot resolve 'a' as a saved config must have values in place of ${oc.env:…} (f:1)",
  );
});

Deno.test("interpolate() refuses other resolvers", () => {
  for (const name of ["now:%Y", "hydra:runtime.cwd", "oc.select:a,1"]) {
    assertRefuses(
      () => resolve({ a: `\${${name}}` }),
      `Cannot resolve 'a' as '\${${
        name.split(":")[0]
      }:' must be a key, like \${model.n_layer}, or \${oc.env:NAME,default}: other resolvers are not available (f:1)`,
    );
  }
});

Deno.test("interpolate() bounds what references to references become", () => {
  const doubled = Object.fromEntries(
    Array.from(
      { length: 40 },
      (_, i) => [`k${i}`, `\${k${i + 1}}\${k${i + 1}}`],
    ),
  );
  assertRefuses(
    () => resolve({ ...doubled, k40: "lol" }),
    "Cannot resolve 'k20' as references must stand for at most 4194304 characters: got more (f:1)",
  );
  const listed = Array.from({ length: 100 }, () => "x${long}");
  assertRefuses(
    () => resolve({ long: "x".repeat(1e5), listed }),
    "Cannot resolve 'listed' as references must stand for at most 4194304 characters: got more (f:1)",
  );
  assertRefuses(
    () => resolve({ a: ["${b}"], b: [1, 2] }),
    "Cannot resolve 'a' as ${b} inside text must be a single value: got [1,2] (f:1)",
  );
  const deep = "${".repeat(1e5) + "a" + "}".repeat(1e5);
  assertRefuses(
    () => resolve({ b: deep }),
    `Cannot resolve 'b' as references must have at most 10 levels: got "${
      "${".repeat(38)
    }... (f:1)`,
  );
});

Deno.test("interpolate() and escapeReferences() read long rows of backslashes", () => {
  const row = "\\".repeat(1e6);
  assertEquals(resolve({ a: 1, b: `${row}x\${a}` }).b, `${row}x1`);
  assertEquals(escapeReferences(row), row);
  assertEquals(escapeReferences("\\\\${a}"), "\\\\\\\\\\${a}");
});
