/** Which learning rate does an update have? @module */

/** Warm-up, then a polynomial decay (linear for power 1). */
export interface Schedule {
  /** Peak rate. */
  learningRate: number;
  /** Rate at and after the last update. */
  end: number;
  /** Updates of linear warm-up; if there are any, update 0 has rate 0. */
  warmup: number;
  /** Total number of updates. */
  total: number;
  power: number;
}

/**
 * The rate of update `k` (0, 1, …), as in Hugging Face's
 * `get_polynomial_decay_schedule_with_warmup` and fairseq's `polynomial_decay`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 * import { learningRate } from "./schedule.ts";
 *
 * const schedule = {
 *   learningRate: 1e-3,
 *   end: 0,
 *   warmup: 10,
 *   total: 110,
 *   power: 1,
 * };
 * assertEquals(learningRate(schedule, 0), 0);
 * assertEquals(learningRate(schedule, 10), 1e-3);
 * assertAlmostEquals(learningRate(schedule, 60), 5e-4);
 * assertEquals(learningRate(schedule, 110), 0);
 * ```
 */
export function learningRate(schedule: Schedule, k: number): number {
  const { learningRate: peak, end, warmup, total, power } = schedule;
  if (k < warmup) return peak * k / warmup;
  if (k >= total) return end;
  const left = 1 - (k - warmup) / (total - warmup);
  return (peak - end) * left ** power + end;
}
