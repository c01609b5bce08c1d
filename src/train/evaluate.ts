/** Loss of the model on held-out text. @module */
import type { TokenSplit } from "../data/mod.ts";
import {
  evalBatches,
  type EvalBatchOptions,
} from "../data/loader/batch_loader.ts";
import type { Batch } from "../data/loader/batch.ts";

/** Mean cross-entropy over a split. */
export interface Evaluation {
  /** Nats per token. */
  loss: number;
  /** e to the loss. */
  perplexity: number;
  /** Predictions counted. */
  tokens: number;
}

/** What sums losses on a device. */
export interface LossSum {
  clearLoss(): void;
  /** Adds `weight` times the mean loss of `batch`. */
  evaluate(batch: Batch, weight: number): void;
  loss(): Promise<number>;
}

/** Batches whose losses the device sums before they are read: each reading waits for it. */
const SUMMED = 32;

/**
 * Evaluates the current weights.
 *
 * @param limit batches at most; null for the whole split
 * @param stop asked after each batch: true gives up
 * @returns null if it was given up
 */
export async function evaluate(
  session: LossSum,
  split: TokenSplit,
  options: EvalBatchOptions,
  limit: number | null,
  stop: () => boolean = () => false,
): Promise<Evaluation | null> {
  let tokens = 0, total = 0, pending = 0;
  // Sums over a whole split would lose digits in the device's 32 bits.
  const collect = async () => {
    total += await session.loss();
    session.clearLoss();
    pending = 0;
  };
  session.clearLoss();
  for (const batch of evalBatches(split, options, limit)) {
    // Summed on the device, divided at the end: batches count by their tokens.
    session.evaluate(batch, batch.counted);
    tokens += batch.counted;
    if (++pending === SUMMED) await collect();
    if (stop()) return null;
  }
  if (pending > 0) await collect();
  const loss = total / tokens;
  return { loss, perplexity: Math.exp(loss), tokens };
}
