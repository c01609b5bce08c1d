/**
 * How much device memory does a run take? Known before any is allocated.
 * @module
 */
import { structBytes } from "../gpu/struct_layout.ts";
import type { Model } from "../model/model.ts";
import { elements, type ParameterLayout } from "../model/parameters.ts";
import { aligned, ALIGNMENT, firstVariants, type Plan } from "../plan/plan.ts";
import { copyBytes, type PrecisionOptions, storageTypes } from "./precision.ts";
import { stepRecords } from "./step_records.ts";

/** Device memory of a run in bytes. */
export interface Memory {
  /** Of the trained weights and their copies, and of fixed tensors. */
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
    upload: 3 * aligned(micro) + aligned(4) +
      aligned(structBytes(stepRecords().random)),
  };
}

/**
 * Rows of the rates of earlier updates that loss scaling keeps: as many steps
 * as are submitted between two readings of the history may be skipped.
 */
export const recentRows = (
  { historySlots }: Pick<BatchSizes, "historySlots">,
): number => historySlots + 1;

/**
 * Adds up what the plans of a run allocate.
 *
 * Plans share their slots, as they run one after the other: slot i is as large
 * as the largest plan needs it.
 */
export function estimateMemory(
  model: Model,
  sizes: BatchSizes & PrecisionOptions & { lossScaling?: unknown },
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
  const dispatches = plans.reduce(
    (n, p) => n + firstVariants(p.dispatches).length,
    0,
  );
  const { scalars, history, lossScaling, updateRates } = stepRecords();
  const historyBytes = aligned(sizes.historySlots * structBytes(history));
  const other = upload + 3 * aligned(evaluation) + aligned(4) +
    sizes.accumulation * upload + dispatches * ALIGNMENT + historyBytes +
    2 * aligned(4) + 2 * aligned(structBytes(scalars)) +
    (sizes.lossScaling
      ? aligned(structBytes(lossScaling)) + aligned(4) +
        aligned(recentRows(sizes) * structBytes(updateRates))
      : 0);
  const fixed = model.fixed.reduce((n, t) => n + aligned(4 * elements(t)), 0);
  const copies = copyBytes(layout, storageTypes(sizes));
  const memory = {
    weights: weights + copies + fixed,
    gradients: weights,
    optimizer: 2 * weights,
    activations,
    other,
  };
  const total = Object.values(memory).reduce((a, b) => a + b, 0);
  return { ...memory, total };
}
