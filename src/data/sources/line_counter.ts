/**
 * Counts the lines of JSON Lines, in the same way in both passes.
 * @module
 */

/** Bytes of the longest line: a longer text would not fit into one string. */
export const MAX_LINE = 2 ** 29 - 64;

const NEWLINE = 10;

/** What {@linkcode countLines} counts. */
export interface LineCount {
  /** Lines, blank ones included. */
  lines: number;
  /** Lines that hold a document. */
  documents: number;
}

/**
 * Counts the lines of `bytes`, which starts with a line; the last one may lack
 * its newline.
 */
export function countLines(bytes: Uint8Array): LineCount {
  let lines = 0;
  let documents = 0;
  for (let start = 0; start < bytes.length; lines++) {
    let end = bytes.indexOf(NEWLINE, start);
    if (end < 0) end = bytes.length;
    if (!isBlank(bytes, start, end)) documents++;
    start = end + 1;
  }
  return { lines, documents };
}

/** Whether `start` to `end` has only spaces, tabs and carriage returns. */
export function isBlank(
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}
