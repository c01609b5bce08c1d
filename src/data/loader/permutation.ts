/**
 * A seeded shuffle of 0..n-1 that is computed, not stored: any element can be
 * computed by itself.
 *
 * A Feistel network permutes the numbers below the next power of four; a result
 * of n or more is permuted again until it is below n (cycle walking), which
 * gives a permutation of 0..n-1. Integer arithmetic only, so the same on every
 * machine. Not for cryptography.
 * @module
 */

const ROUNDS = 8;
// With smaller halves, only few orders of a short list could occur.
const MIN_HALF = 16;
const MAX_SIZE = 2 ** 52;

/**
 * A permutation of 0..size-1 chosen by `key`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Permutation } from "./permutation.ts";
 *
 * const shuffle = new Permutation(5, [42, 0]); // a seed and an epoch
 * const order = [0, 1, 2, 3, 4].map((i) => shuffle.at(i));
 * assertEquals(order.toSorted(), [0, 1, 2, 3, 4]);
 * assertEquals(new Permutation(5, [42, 0]).at(3), order[3]);
 * ```
 */
export class Permutation {
  readonly size: number;
  #half: number;
  #mask: number;
  #roundKeys = new Int32Array(ROUNDS);

  /**
   * @param size how many numbers are permuted, at most 2^52
   * @param key non-negative safe integers, for example a seed and an epoch;
   *   each one changes the order
   * @throws {RangeError} if either is out of range.
   */
  constructor(size: number, key: readonly number[]) {
    if (!Number.isSafeInteger(size) || size < 0 || size > MAX_SIZE) {
      throw new RangeError(
        `Cannot permute as 'size' must be an integer from 0 to 2^52: got ${size}`,
      );
    }
    this.size = size;
    this.#half = MIN_HALF;
    while (this.#half * this.#half < size) this.#half *= 2;
    this.#mask = this.#half - 1;
    let state = 0x243f6a88;
    for (const part of key) {
      if (!Number.isSafeInteger(part) || part < 0) {
        throw new RangeError(
          `Cannot permute as 'key' must be non-negative integers: got ${part}`,
        );
      }
      state = mix(state ^ (part >>> 0));
      state = mix(state + Math.floor(part / 2 ** 32) + 0x9e3779b9);
    }
    for (let round = 0; round < ROUNDS; round++) {
      this.#roundKeys[round] = mix(state + Math.imul(round + 1, 0x9e3779b9));
    }
  }

  /** The number at `index` (0 ≤ index < size) of the shuffled order. */
  at(index: number): number {
    if (!(index >= 0 && index < this.size)) {
      throw new RangeError(
        `Cannot take element ${index} of a permutation of ${this.size}`,
      );
    }
    let value = index;
    do value = this.#encipher(value); while (value >= this.size);
    return value;
  }

  #encipher(value: number): number {
    let left = Math.floor(value / this.#half);
    let right = value % this.#half;
    for (let round = 0; round < ROUNDS; round++) {
      const next = left ^ (mix(right ^ this.#roundKeys[round]) & this.#mask);
      left = right;
      right = next;
    }
    return left * this.#half + right;
  }
}

/**
 * MurmurHash3's 32-bit finalizer: each input bit changes each output bit with
 * probability of about one half.
 */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
