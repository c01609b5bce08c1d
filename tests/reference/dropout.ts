/** The masks of dropout, from the host's random numbers. @module */
import { philox } from "../../src/model/random.ts";

/** Seed, step, micro-batch. */
export type Random = readonly [seed: number, step: number, micro: number];

/** One place that drops. */
export interface Place {
  rate: number;
  site: number;
  random: Random;
}

/** The factor of one element: 0, or 1 / (1 − rate). */
function factor({ rate, site, random }: Place, at: number, row: number) {
  const words = new Uint32Array(4), [seed, step, micro] = random;
  philox([Math.floor(at / 4), row, step, micro], [seed, site], words);
  return words[at % 4] < rate * 2 ** 32 ? 0 : 1 / (1 - rate);
}

/** Factors of a flat tensor's first `n` elements. */
export const flatMask = (place: Place, n: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => factor(place, i, 0));

/**
 * Factors of the T × T matrices; `matrix` counts the heads of all sequences.
 */
export function matrixMask(place: Place, T: number) {
  // A row takes whole calls of four words.
  const pitch = 4 * Math.ceil(T / 4);
  return (matrix: number, t: number, s: number): number =>
    factor(place, t * pitch + s, matrix);
}
