/**
 * Which random number is the n-th of a stream? Counter-based generators need no
 * state but n, so numbers are the same in any order and after a resume. This is
 * Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011).
 * @module
 */

const M0 = 0xd2511f53, M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9, W1 = 0xbb67ae85;

/** High and low words of a 32 × 32 bit product. */
function multiply(a: number, b: number): [number, number] {
  const low = Math.imul(a, b) >>> 0;
  const ah = a >>> 16, al = a & 0xffff, bh = b >>> 16, bl = b & 0xffff;
  const cross = ah * bl + ((al * bl) >>> 16);
  const high = ah * bh + Math.floor(cross / 65536) +
    Math.floor(((cross & 0xffff) + al * bh) / 65536);
  return [high >>> 0, low];
}

/**
 * Four random words for a counter of four words and a key of two.
 *
 * @param into receives the words, unsigned
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  into: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter, [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = multiply(M0, c0), [h1, l1] = multiply(M1, c2);
    [c0, c1, c2, c3] = [h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0];
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  into[0] = c0;
  into[1] = c1;
  into[2] = c2;
  into[3] = c3;
}

/** A 32-bit number for a name, the key of its stream (FNV-1a). */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return hash >>> 0;
}

/** 32 bits of a seed: the seed itself where it fits. */
export const seedWord = (seed: number): number =>
  (seed ^ Math.imul(Math.floor(seed / 2 ** 32), W0)) >>> 0;

/** A uniform number in [0, 1) from 32 random bits. */
export const uniform = (word: number): number => word / 2 ** 32;

/**
 * Fills `into` with standard normal numbers of the stream `(seed, name)`
 * (Box–Muller, two numbers per pair of words).
 */
export function fillNormal(
  seed: number,
  name: string,
  into: Float32Array,
): void {
  const words = new Uint32Array(4), stream = hashName(name);
  const high = Math.floor(seed / 2 ** 32);
  for (let i = 0; i < into.length; i += 4) {
    philox([i >>> 2, 0, stream, high], [seed >>> 0, 0], words);
    for (let j = 0; j < 4 && i + j < into.length; j += 2) {
      // 1 − u lies in (0, 1], so the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(1 - uniform(words[j])));
      const angle = 2 * Math.PI * uniform(words[j + 1]);
      into[i + j] = radius * Math.cos(angle);
      if (i + j + 1 < into.length) into[i + j + 1] = radius * Math.sin(angle);
    }
  }
}

/** Fills `into` with uniform numbers in [0, 1) of the stream `(seed, name)`. */
export function fillUniform(
  seed: number,
  name: string,
  into: Float32Array,
): void {
  const words = new Uint32Array(4), stream = hashName(name);
  const high = Math.floor(seed / 2 ** 32);
  for (let i = 0; i < into.length; i += 4) {
    philox([i >>> 2, 1, stream, high], [seed >>> 0, 0], words);
    for (let j = 0; j < 4 && i + j < into.length; j++) {
      into[i + j] = uniform(words[j]);
    }
  }
}
