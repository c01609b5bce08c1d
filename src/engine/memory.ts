/** How much device memory a run takes, before any is allocated. @module */
import { RANDOM_WORDS } from "../graph/ops/elementwise/dropout.ts";
import type { Model } from "../model/model.ts";
import { elements, type ParameterLayout } from "../model/parameters.ts";
import { HISTORY_RECORD, STEP_SCALARS } from "../optim/adam.ts";
import { aligned, type Plan } from "../plan/plan.ts";

/** Device memory of a run in bytes. */
export interface Memory {
  weights: number;
  gradients: number;
  optimizer: number;
  activations: number;
  /** Batches, scalars, dispatch parameters, read-back buffers. */
  other: number;
  total: number;
}

/** Sizes of batches and of what a step uploads. */
export interface BatchSizes {
  /** Sequences of a micro-batch. */
  batchSize: number;
  /** Sequences of an evaluation batch. */
  evalBatchSize: number;
  /** Micro-batches of one optimizer step. */
  accumulation: number;
  /** Optimizer steps between two readings of the step history. */
  historySlots: number;
}

/** Uniform block of one dispatch, in bytes. */
const DISPATCH_PARAMETERS = 256;

/**
 * Bytes of the buffers that hold batches.
 *
 * @returns `micro` and `evaluation`: one array of a batch (tokens, targets or
 *   order); `upload`: everything that one micro-batch uploads
 */
export function inputBytes(
  { sequenceLength }: Model,
  { batchSize, evalBatchSize }: Pick<BatchSizes, "batchSize" | "evalBatchSize">,
): { micro: number; evaluation: number; upload: number } {
  const micro = batchSize * sequenceLength * 4;
  return {
    micro,
    evaluation: evalBatchSize * sequenceLength * 4,
    // Tokens, targets, order, scale and random words, each aligned.
    upload: 3 * aligned(micro) + aligned(4) + aligned(4 * RANDOM_WORDS),
  };
}

/**
 * Adds up what the plans of a run allocate.
 *
 * Plans share their slots, as they run one after the other: slot i is as large
 * as the largest plan needs it.
 */
export function estimateMemory(
  model: Model,
  sizes: BatchSizes,
  layout: ParameterLayout,
  plans: readonly Plan[],
): Memory {
  const weights = layout.shards.reduce(
    (n, s) => n + aligned(s.elements * 4),
    0,
  );
  const slots: number[] = [];
  for (const plan of plans) {
    plan.slots.forEach((size, i) => slots[i] = Math.max(slots[i] ?? 0, size));
  }
  const activations = slots.reduce((a, b) => a + b, 0);
  const { evaluation, upload } = inputBytes(model, sizes);
  const dispatches = plans.reduce((n, p) => n + p.dispatches.length, 0);
  const history = aligned(sizes.historySlots * HISTORY_RECORD * 4);
  const other = upload + 3 * aligned(evaluation) + aligned(4) +
    sizes.accumulation * upload + dispatches * DISPATCH_PARAMETERS + history +
    2 * aligned(4) + 2 * aligned(STEP_SCALARS * 4);
  const fixed = model.fixed.reduce((n, t) => n + aligned(4 * elements(t)), 0);
  const memory = {
    weights: weights + fixed,
    gradients: weights,
    optimizer: 2 * weights,
    activations,
    other,
  };
  return { ...memory, total: 4 * weights + fixed + activations + other };
}
