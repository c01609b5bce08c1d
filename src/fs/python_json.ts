/**
 * JSON as Python's `json.dumps` writes it: with `NaN`, `Infinity` and
 * `-Infinity` for floats that JSON has no form for.
 * @module
 */

/**
 * What {@linkcode parsePythonJson} returns for `NaN`. Its literal is as wide,
 * so that the positions in messages are those of the text.
 */
export const NAN_STAND_IN = 9e9;

/** The stand-ins, which are as wide as what they replace. */
const STAND_INS: Record<string, string> = {
  "NaN": "9e9",
  "Infinity": "1e999999",
  "-Infinity": "-1e999999",
};

/** A value that JSON does not know, and no part of a longer word or number. */
const BEYOND_JSON = /(?<![\w.+-])(?:NaN|-?Infinity)(?![\w.+-])/g;

/**
 * Parses JSON, and what Python writes beside it. Valid JSON takes no extra
 * time.
 *
 * @throws {SyntaxError} as `JSON.parse`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parsePythonJson } from "./python_json.ts";
 *
 * assertEquals(
 *   parsePythonJson('{"text": "NaN", "loss": -Infinity}'),
 *   { text: "NaN", loss: -Infinity },
 * );
 * ```
 */
export function parsePythonJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const json = withStandIns(text);
    if (json === text) throw error;
    return JSON.parse(json);
  }
}

/** Replaces values that JSON does not know, but nothing inside strings. */
function withStandIns(text: string): string {
  let out = "";
  for (let start = 0; start < text.length;) {
    let quote = text.indexOf('"', start);
    if (quote < 0) quote = text.length;
    out += text.slice(start, quote)
      .replace(BEYOND_JSON, (value) => STAND_INS[value]);
    start = stringEnd(text, quote);
    out += text.slice(quote, start);
  }
  return out;
}

/** The position after the string that begins at `quote`. */
function stringEnd(text: string, quote: number): number {
  let at = quote + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, text.length);
}
