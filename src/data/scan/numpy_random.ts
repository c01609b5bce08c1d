/**
 * NumPy's permutation for a seed, number for number: the authors shuffle
 * documents with NumPy, and so must we to choose the same ones.
 *
 * `default_rng(seed)` is a PCG64 generator (128 bits of state, XSL-RR output:
 * O'Neill 2014) seeded through a SeedSequence. `permutation(n)` shuffles 0 …
 * n-1 from the back; each index takes as many low bits as it needs and is drawn
 * again while too large.
 *
 * @module
 */

/**
 * `numpy.random.default_rng(seed).permutation(n)`.
 * @param n at most 2^32 - 1
 * @param seed a non-negative safe integer
 * @throws {RangeError} if either is out of range.
 */
export function numpyPermutation(n: number, seed: number): Uint32Array {
  if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32) {
    throw new RangeError(
      `Cannot permute as 'n' must be an integer from 0 to 2^32 - 1: got ${n}`,
    );
  }
  const random = new Pcg64(seed);
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  for (let i = n - 1; i > 0; i--) {
    const j = random.atMost(i);
    const last = order[i];
    order[i] = order[j];
    order[j] = last;
  }
  return order;
}

/** NumPy's SeedSequence: expands a seed to eight 32-bit words of state. */
function seedWords(seed: number): Uint32Array {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(
      `Cannot seed as 'seed' must be a non-negative integer: got ${seed}`,
    );
  }
  const POOL = 4;
  // The entropy is the seed's 32-bit words, lowest first, without leading
  // zeros; zeros fill the rest of the pool.
  const entropy = [seed >>> 0, Math.floor(seed / 2 ** 32), 0, 0];

  let hash = 0x43b0d7e5;
  const hashed = (value: number) => {
    value ^= hash;
    hash = Math.imul(hash, 0x931e8875);
    value = Math.imul(value, hash);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mixed = (x: number, y: number) => {
    const value = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
    return (value ^ (value >>> 16)) >>> 0;
  };
  const pool = entropy.map(hashed);
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) {
      if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
    }
  }

  let out = 0x8b51f9dd;
  return Uint32Array.from({ length: 8 }, (_, i) => {
    let value = pool[i % POOL] ^ out;
    out = Math.imul(out, 0x58f38ded);
    value = Math.imul(value, out);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

/**
 * PCG64: state ← state × multiplier + increment, modulo 2^128, stored as 32-bit
 * words, lowest first.
 */
class Pcg64 {
  // 0x2360ed051fc65da44385df649fccf645
  static readonly #MULTIPLIER = [
    0x9fccf645,
    0x4385df64,
    0x1fc65da4,
    0x2360ed05,
  ];
  #state = new Uint32Array(4);
  #increment: Uint32Array;
  #product = new Uint32Array(4);
  /**
   * Upper half of the last 64-bit output until it is used; -1 if there is none.
   */
  #kept = -1;

  constructor(seed: number) {
    // Two 128-bit numbers, state and increment, each with its upper 64 bits
    // first.
    const [a, b, c, d, e, f, g, h] = seedWords(seed);
    this.#increment = Uint32Array.of(
      (g << 1) | 1,
      (h << 1) | (g >>> 31),
      (e << 1) | (h >>> 31),
      (f << 1) | (e >>> 31),
    );
    this.#step();
    let carry = 0;
    [c, d, a, b].forEach((word, i) => {
      const sum = this.#state[i] + word + carry;
      this.#state[i] = sum;
      carry = sum >= 2 ** 32 ? 1 : 0;
    });
    this.#step();
  }

  /**
   * A number from 0 to `most`, uniformly: takes as many low bits as needed, and
   * draws again while the value is too large.
   */
  atMost(most: number): number {
    const mask = 0xffffffff >>> Math.clz32(most);
    for (;;) {
      const value = (this.#next32() & mask) >>> 0;
      if (value <= most) return value;
    }
  }

  /** The next 32 bits: of each 64-bit output, the lower half first. */
  #next32(): number {
    if (this.#kept >= 0) {
      const kept = this.#kept;
      this.#kept = -1;
      return kept;
    }
    this.#step();
    const [s0, s1, s2, s3] = this.#state;
    let low = s0 ^ s2;
    let high = s1 ^ s3;
    // Rotate right by the state's top six bits.
    let turn = s3 >>> 26;
    if (turn >= 32) {
      [low, high] = [high, low];
      turn -= 32;
    }
    if (turn > 0) {
      [low, high] = [
        (low >>> turn) | (high << (32 - turn)),
        (high >>> turn) | (low << (32 - turn)),
      ];
    }
    this.#kept = high >>> 0;
    return low >>> 0;
  }

  #step(): void {
    const state = this.#state, product = this.#product;
    product.set(this.#increment);
    for (let i = 0; i < 4; i++) {
      let carry = 0;
      for (let j = 0; i + j < 4; j++) {
        const a = state[i], b = Pcg64.#MULTIPLIER[j];
        // Below 3 × 2^32, so exact in a float64.
        const sum = (Math.imul(a, b) >>> 0) + product[i + j] + carry;
        product[i + j] = sum;
        carry = multiplyHigh(a, b) + Math.floor(sum / 2 ** 32);
      }
    }
    this.#product = state;
    this.#state = product;
  }
}

/** Upper 32 bits of the product of two 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff, aHigh = a >>> 16;
  const bLow = b & 0xffff, bHigh = b >>> 16;
  // Each sum stays below 2^33: exact.
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + middle % 2 ** 16;
  return aHigh * bHigh + Math.floor(middle / 2 ** 16) +
    Math.floor(other / 2 ** 16);
}
