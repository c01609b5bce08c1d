/**
 * Whether bytes that come in blocks are UTF-8.
 * @module
 */
import { isUtf8 } from "node:buffer";

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
