import { assertEquals, assertThrows } from "@std/assert";
import { stableJson } from "../../src/fs/stable_json.ts";

Deno.test("stableJson() depends on the value alone", () => {
  const one = stableJson({ b: [1, { y: null, x: "é" }], a: -1.5e-7 });
  const two = stableJson({ a: -1.5e-7, b: [1, { x: "é", y: null }] });
  assertEquals(one, two);
  assertEquals(
    one,
    '{\n  "a": -1.5e-7,\n  "b": [\n    1,\n    {\n      "x": "é",\n      "y": null\n    }\n  ]\n}\n',
  );
});

Deno.test("stableJson() refuses what JSON would lose, with its place", () => {
  const at = (value: unknown, place: string) =>
    assertThrows(() => stableJson(value), TypeError, place);
  at({ a: { b: NaN } }, "'$.a.b' as JSON: got NaN");
  at([1, undefined], "'$[1]' as JSON: got undefined");
  at({ w: new Float32Array(2) }, "'$.w' as JSON: got Float32Array");
  at({ w: new Map() }, "got Map");
  at(5n, "'$' as JSON");
});
