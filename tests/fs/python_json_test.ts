import { assertEquals, assertThrows } from "@std/assert";
import { NAN_STAND_IN, parsePythonJson } from "../../src/fs/python_json.ts";

Deno.test("parsePythonJson() reads what json.dumps writes", () => {
  for (
    const [text, value] of [
      ['{"text": "a", "x": NaN}', { text: "a", x: NAN_STAND_IN }],
      ["NaN", NAN_STAND_IN],
      ["[Infinity,-Infinity,\tNaN ]", [Infinity, -Infinity, NAN_STAND_IN]],
      ['{"a":{"b":[[NaN]]},"text":"b"}', {
        a: { b: [[NAN_STAND_IN]] },
        text: "b",
      }],
      // Strings and keys are not touched.
      [
        '{"NaN": Infinity, "text": "NaN, \\"Infinity\\" \\\\", "n": NaN}',
        { NaN: Infinity, text: 'NaN, "Infinity" \\', n: NAN_STAND_IN },
      ],
      ['["\\\\", NaN, "\\\\\\"NaN"]', ["\\", NAN_STAND_IN, '\\"NaN']],
      // What JSON.parse reads alone: as Python's json.loads.
      ['"\\ud800"', "\ud800"],
      ['{"a": 1, "a": 2}', { a: 2 }],
      ["[-0, 1E400, -1e400]", [-0, Infinity, -Infinity]],
      ["123456789012345678901234567890", 123456789012345678901234567890],
    ] as const
  ) assertEquals(parsePythonJson(text), value, text);
});

Deno.test("parsePythonJson() refuses what json.loads refuses, and says where", () => {
  for (
    const [text, position] of [
      ["[NaN, -NaN]", 7],
      ["[NaN, 1NaN]", 7],
      ["[NaN, NaN1]", 6],
      ["[NaN, nan]", 7],
      ["[NaN, +Infinity]", 6],
      ["[NaN, --Infinity]", 7],
      ["[NaN, Infinit]", 6],
      ["[NaN, 1.NaN]", 8],
      ["{NaN: 1}", 1],
      ['{"a": NaN', 9],
      ['{"a": NaN, "b": Infinity "c"}', 25],
      ['["NaN, Infinity', 15],
      ['["NaN\\', 7],
    ] as const
  ) {
    const { message } = assertThrows(() => parsePythonJson(text), SyntaxError);
    const found = /position (\d+)/.exec(message);
    // The engine names no place for an unexpected letter, sign or end.
    if (found) assertEquals([text, Number(found[1])], [text, position]);
  }
});

Deno.test("parsePythonJson() takes time in proportion to a hostile text", () => {
  const n = 1 << 20;
  for (
    const text of [
      "[NaN," + '"'.repeat(n),
      "[NaN," + "\\".repeat(n),
      '[NaN,"' + "\\".repeat(n),
      "[NaN," + "-".repeat(n),
      "NaN".repeat(n),
      "[NaN," + "[".repeat(n),
    ]
  ) assertThrows(() => parsePythonJson(text), SyntaxError);
});
