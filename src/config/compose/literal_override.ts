/**
 * How is text that means itself, such as a shell's word, written as an
 * override?
 * @module
 */
import { UserError } from "../../errors.ts";
import { escapeReferences } from "../values/interpolate.ts";
import { parseOverride } from "./override_grammar.ts";

/**
 * The override that sets a key to text as it is: as `key=text` where that is
 * read so, else in quotes, with references escaped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { literalOverride } from "./literal_override.ts";
 *
 * assertEquals(literalOverride("run", "runs/a b"), "run=runs/a b");
 * assertEquals(literalOverride("run", "a,b"), "run='a,b'");
 * ```
 */
export function literalOverride(key: string, text: string): string {
  const plain = `${key}=${text}`;
  if (!text.includes("${") && isReadAs(plain, text)) return plain;
  // A backslash before a quote, or at the end, must be two.
  const inQuotes = escapeReferences(text)
    .replace(/(?<!\\)(\\+)(?='|$)/g, "$1$1")
    .replaceAll("'", "\\'");
  return `${key}='${inQuotes}'`;
}

function isReadAs(override: string, text: string): boolean {
  try {
    const { value } = parseOverride(override);
    return value !== undefined && value.value !== null && value.text === text;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
