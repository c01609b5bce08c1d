/**
 * Limits of what a tokenizer.json may cost: it may come from anyone, and a
 * pattern or a replacement in it can make work without end.
 * @module
 */
import type { UserError } from "../../../errors.ts";
import { TimeLimitError, withTimeLimit } from "../time_limit.ts";

/**
 * Limit of CPU time, in milliseconds, to read a tokenizer.json: the largest in
 * use have 35 MB and take 2 s.
 */
export const READ_MS = 20_000;

/**
 * Limit of CPU time, in milliseconds, to encode or decode. Tokenizers in use
 * take 0.1 µs per UTF-16 unit of usual text, and 1.5 µs per unit of megabytes
 * of spaces.
 *
 * @param items UTF-16 units to encode, or tokens to decode
 */
export const callMs = (items: number): number => 2000 + items / 100;

/**
 * UTF-16 units of a short text: none takes long unless a rule of the file is at
 * fault.
 */
export const SHORT_UNITS = 1 << 13;

/** UTF-16 units of replacements that cannot make a short text long. */
const SHORT_CONTENTS = 16;

/**
 * Works within a limit of CPU time and of memory.
 *
 * @param ms the limit of CPU time, in milliseconds; null for none
 * @param fault makes the error from what happened, as "takes more than 3 s"
 */
export function limited<T>(
  ms: number | null,
  fault: (limit: string) => UserError,
  work: () => T,
): T {
  try {
    return ms === null ? work() : withTimeLimit(ms, work);
  } catch (error) {
    if (error instanceof TimeLimitError) {
      throw fault(`takes more than ${error.seconds.toPrecision(2)} s`);
    }
    // The stack, or the length of a string or array.
    if (error instanceof RangeError) throw fault("takes too much memory");
    throw error;
  }
}

/**
 * The patterns and replacements in parts of a tokenizer.json that can make a
 * short text take long.
 */
export function slowRulesIn(...parts: unknown[]): string[] {
  const patterns: string[] = [];
  const contents: string[] = [];
  while (parts.length > 0) {
    const part = parts.pop();
    if (typeof part !== "object" || part === null) continue;
    for (const [key, inside] of Object.entries(part)) {
      if (typeof inside !== "string") parts.push(inside);
      else if (key === "Regex") patterns.push(inside);
      else if (key === "content" || key === "prepend") contents.push(inside);
    }
  }
  const grows = contents.join("").length > SHORT_CONTENTS;
  return grows ? [...patterns, ...contents] : patterns;
}
