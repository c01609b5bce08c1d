/**
 * Lines of JSON that are known again as whole and unchanged: each begins with a checksum of the rest.
 * @module
 */
import { hash } from "node:crypto";

const CHECKSUM = 16;

/**
 * `value` as a line of JSON, with its checksum in front and a line feed at its
 * end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openLine, sealLine } from "./checksummed_lines.ts";
 *
 * const line = sealLine({ shard: 3 });
 * assertEquals(openLine(line.trimEnd()), { shard: 3 });
 * assertEquals(openLine(line.trimEnd().replace("3", "4")), undefined);
 * ```
 */
export function sealLine(value: unknown): string {
  const json = JSON.stringify(value);
  return `${checksum(json)} ${json}\n`;
}

/** What {@linkcode sealLine} was given, from a line without its line feed; undefined for a torn or changed one. */
export function openLine(line: string): unknown {
  const json = line.slice(CHECKSUM + 1);
  if (line.slice(0, CHECKSUM + 1) !== checksum(json) + " ") return undefined;
  return JSON.parse(json);
}

function checksum(text: string): string {
  return hash("sha256", text, "hex").slice(0, CHECKSUM);
}
