/**
 * Whether bytes that come in blocks are UTF-8.
 * @module
 */
import { isUtf8 } from "node:buffer";

/** Checks blocks without making strings of them. */
export class Utf8Check {
  #right = true;
  /** The begin of a character that ends in the next block. */
  #begun: number[] = [];

  /** Adds the next block. */
  add(block: Uint8Array): void {
    if (!this.#right) return;
    let from = 0;
    while (this.#begun.length > 0 && from < block.length) {
      this.#begun.push(block[from++]);
      if (this.#begun.length === charBytes(this.#begun[0])) {
        this.#right &&= isUtf8(Uint8Array.from(this.#begun));
        this.#begun = [];
      }
    }
    const end = block.length - begunBytes(block, from);
    this.#right &&= isUtf8(block.subarray(from, end));
    if (end < block.length) this.#begun.push(...block.subarray(end));
  }

  /** Whether all blocks together are UTF-8. */
  end(): boolean {
    return this.#right && this.#begun.length === 0;
  }
}

/** Bytes of the character that starts with this byte; what starts none counts as one. */
function charBytes(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

/** Bytes at the end of `block`, from `from` on, of a character that is not whole. */
function begunBytes(block: Uint8Array, from: number): number {
  for (let n = 1; n <= 3 && block.length - n >= from; n++) {
    const byte = block[block.length - n];
    if (byte >= 0x80 && byte < 0xc0) continue;
    return charBytes(byte) > n ? n : 0;
  }
  return 0;
}
