/** What is the model's loss on held-out text? @module */
import type { Batch } from "../data/loader/batch.ts";
import {
  evalBatches,
  type EvalBatchOptions,
} from "../data/loader/batch_loader.ts";
import type { TokenSplit } from "../data/mod.ts";
import { UserError } from "../errors.ts";

/** Mean cross-entropy over a split. */
export interface Evaluation {
  /** Nats per token. */
  loss: number;
  /** e to the loss. */
  perplexity: number;
  /** Predictions that count. */
  tokens: number;
}

/** An engine that sums losses on its device. */
export interface LossSum {
  clearLoss(): void;
  /** Adds `weight` times the mean loss of `batch`. */
  evaluate(batch: Batch, weight: number): void;
  loss(): Promise<number>;
}

/**
 * Batches whose losses the device sums before they are read: each reading waits
 * for the device.
 */
const SUMMED = 32;

/**
 * Evaluates the current weights.
 *
 * @param limit most batches to evaluate; null for the whole split
 * @param stop called after each batch: true gives up
 * @returns null if evaluation was given up
 */
export async function evaluate(
  engine: LossSum,
  split: TokenSplit,
  options: EvalBatchOptions,
  limit: number | null,
  stop: () => boolean = () => false,
): Promise<Evaluation | null> {
  let tokens = 0, total = 0, pending = 0;
  // A sum over a whole split would lose digits in the device's 32 bits.
  const collect = async () => {
    total += await engine.loss();
    engine.clearLoss();
    pending = 0;
  };
  engine.clearLoss();
  for (const batch of evalBatches(split, options, limit)) {
    // Weighted by tokens and divided at the end: batches differ in tokens.
    engine.evaluate(batch, batch.counted);
    tokens += batch.counted;
    if (++pending === SUMMED) await collect();
    if (stop()) return null;
  }
  if (pending > 0) await collect();
  if (tokens === 0) {
    throw new UserError(
      "Cannot evaluate as at least one token must count: the split has none that is predicted and is not the end-of-text token",
    );
  }
  const loss = total / tokens;
  return { loss, perplexity: Math.exp(loss), tokens };
}
