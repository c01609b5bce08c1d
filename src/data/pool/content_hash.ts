/**
 * Which texts have been seen: a set of content hashes that takes 28 bytes per
 * text in memory and 16 on disk.
 * @module
 */
import { hash } from "node:crypto";

/**
 * Bytes of a text's hash: among 10^9 different texts, two have equal hashes
 * with probability 10^-21.
 */
export const HASH_BYTES = 16;

const HASH_WORDS = HASH_BYTES / 4;
const SEGMENT_HASHES = 1 << 16;

/** The first 128 bits of the SHA-256 of a text's UTF-8 bytes. */
export function contentHash(utf8: Uint8Array): Uint8Array {
  return new Uint8Array(hash("sha256", utf8, "buffer")).subarray(0, HASH_BYTES);
}

/** A growing set of hashes that remembers the order of insertion. */
export class SeenTexts {
  /** Number of hashes. */
  count = 0;
  /** The hashes in order, in segments, so that growing copies none of them. */
  #segments: Uint32Array[] = [];
  /**
   * Open addressing by a hash's first word; holds the hash's number + 1, or 0
   * if the slot is free.
   */
  #table = new Uint32Array(1 << 12);

  /**
   * Adds a hash of `HASH_BYTES` bytes.
   * @returns whether it is new
   */
  add(hash: Uint8Array): boolean {
    const words = new Uint32Array(new Uint8Array(hash).buffer);
    const at = this.#find(words);
    if (this.#table[at] !== 0) return false;
    const segment = Math.floor(this.count / SEGMENT_HASHES);
    this.#segments[segment] ??= new Uint32Array(SEGMENT_HASHES * HASH_WORDS);
    this.#segments[segment].set(
      words,
      (this.count % SEGMENT_HASHES) * HASH_WORDS,
    );
    this.#table[at] = ++this.count;
    if (this.count > this.#table.length * 0.7) this.#grow();
    return true;
  }

  /** The bytes of the hashes from number `from` on, in order. */
  hashesFrom(from: number): Uint8Array<ArrayBuffer> {
    const words = new Uint32Array((this.count - from) * HASH_WORDS);
    for (let i = from; i < this.count; i++) {
      words.set(this.#hash(i), (i - from) * HASH_WORDS);
    }
    return new Uint8Array(words.buffer);
  }

  #hash(number: number): Uint32Array {
    const at = (number % SEGMENT_HASHES) * HASH_WORDS;
    return this.#segments[Math.floor(number / SEGMENT_HASHES)].subarray(
      at,
      at + HASH_WORDS,
    );
  }

  /** The slot where a hash is, or would be. */
  #find(words: Uint32Array): number {
    const mask = this.#table.length - 1;
    for (let at = words[0] & mask;; at = (at + 1) & mask) {
      const number = this.#table[at];
      if (number === 0) return at;
      const other = this.#hash(number - 1);
      if (
        other[0] === words[0] && other[1] === words[1] &&
        other[2] === words[2] && other[3] === words[3]
      ) return at;
    }
  }

  #grow(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let i = 0; i < this.count; i++) {
      this.#table[this.#find(this.#hash(i))] = i + 1;
    }
  }
}
