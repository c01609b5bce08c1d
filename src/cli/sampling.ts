/** How is a token drawn from logits? @module */
import { philox, uniform } from "../model/random.ts";

/** Options of {@linkcode sampleToken}. */
export interface SamplingOptions {
  /** Divides the logits; 0 always selects the largest. */
  temperature: number;
  /** Draws from the k largest logits only; 0 for all. */
  topK: number;
  seed: number;
}

/**
 * Draws one token.
 *
 * @param index number of the draw: equal `(seed, index)` give equal draws
 */
export function sampleToken(
  logits: Float32Array,
  options: SamplingOptions,
  index: number,
): number {
  const { temperature, topK, seed } = options;
  const order = Array.from(logits.keys()).sort((a, b) =>
    logits[b] - logits[a] || a - b
  );
  if (temperature === 0) return order[0];
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const weights = kept.map((i) =>
    Math.exp((logits[i] - logits[order[0]]) / temperature)
  );
  const words = new Uint32Array(4);
  philox([index, 0, 0, 1], [seed >>> 0, Math.floor(seed / 2 ** 32)], words);
  let left = uniform(words[0]) * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < kept.length; i++) {
    left -= weights[i];
    if (left < 0) return kept[i];
  }
  return kept[kept.length - 1];
}
