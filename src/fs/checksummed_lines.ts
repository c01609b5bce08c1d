/**
 * Lines of JSON that begin with a checksum, so that a torn or changed line is
 * recognized.
 * @module
 */
import { hash } from "node:crypto";

/** Characters of the checksum: 64 bits of SHA-256. */
const CHECKSUM = 16;

/**
 * `value` as a line of JSON after its checksum, with a line feed at the end.
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

/**
 * The value that {@linkcode sealLine} wrote.
 *
 * @param line without its line feed
 * @returns undefined for a torn or changed line
 */
export function openLine(line: string): unknown {
  const json = line.slice(CHECKSUM + 1);
  if (line.slice(0, CHECKSUM + 1) !== checksum(json) + " ") return undefined;
  return JSON.parse(json);
}

function checksum(text: string): string {
  return hash("sha256", text, "hex").slice(0, CHECKSUM);
}
