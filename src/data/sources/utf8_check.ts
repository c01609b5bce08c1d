/**
 * Whether bytes that come in blocks are UTF-8.
 * @module
 */
import { isUtf8 } from "node:buffer";
import type { FileScan } from "./source_file.ts";

/** Checks blocks without decoding them into strings. */
export class Utf8Check {
  #valid = true;
  /** The start of a character that ends in the next block. */
  #partial: number[] = [];

  /** Adds the next block. */
  add(block: Uint8Array): void {
    if (!this.#valid) return;
    let from = 0;
    while (this.#partial.length > 0 && from < block.length) {
      this.#partial.push(block[from++]);
      if (this.#partial.length === charBytes(this.#partial[0])) {
        this.#valid &&= isUtf8(Uint8Array.from(this.#partial));
        this.#partial = [];
      }
    }
    const end = block.length - partialBytes(block, from);
    this.#valid &&= isUtf8(block.subarray(from, end));
    if (end < block.length) this.#partial.push(...block.subarray(end));
  }

  /** Whether all blocks together are UTF-8. */
  end(): boolean {
    return this.#valid && this.#partial.length === 0;
  }
}

/** Length of the character that starts with this byte; 1 if none does. */
function charBytes(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/**
 * Length of an incomplete character at the end of `block`, which starts at
 * `from`.
 */
function partialBytes(block: Uint8Array, from: number): number {
  for (let n = 1; n <= 3 && block.length - n >= from; n++) {
    const byte = block[block.length - n];
    if (byte >= 0x80 && byte < 0xc0) continue;
    return charBytes(byte) > n ? n : 0;
  }
  return 0;
}

/**
 * The encoding that bytes at the start of a file show, if it is not UTF-8: by a
 * byte-order mark, or as every other byte is 0, as in UTF-16 of Latin letters.
 */
export function guessEncoding(start: Uint8Array): FileScan["encoding"] {
  const begins = (...mark: number[]) => mark.every((b, i) => start[i] === b);
  if (begins(0xff, 0xfe, 0, 0) || begins(0, 0, 0xfe, 0xff)) return "UTF-32";
  if (begins(0xff, 0xfe) || begins(0xfe, 0xff)) return "UTF-16";
  const seen = start.subarray(0, GUESS_BYTES);
  const zeros = (parity: number) =>
    seen.every((byte, i) => i % 2 !== parity || byte === 0);
  if (seen.length < 4 || zeros(0) === zeros(1)) return undefined;
  return zeros(1) ? "UTF-16LE" : "UTF-16BE";
}

const GUESS_BYTES = 64;

/** What a file is that is not UTF-8, and what to do. */
export function notUtf8(encoding: FileScan["encoding"]): string {
  return `${encoding ? `${encoding}, ` : ""}not UTF-8: convert it, as with ` +
    `iconv -f ${encoding ?? "LATIN1"} -t UTF-8`;
}
