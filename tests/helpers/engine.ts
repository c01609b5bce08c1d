/** Small models on the device. @module */
import { assembleBatch, type Batch } from "../../src/data/loader/batch.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import {
  buildStepPlans,
  type StepPlanOptions,
} from "../../src/engine/step_plans.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import type { KernelChoices } from "../../src/gpu/tuner.ts";
import { simplifiedModel } from "../../src/model/simplified/model.ts";
import type { StepOptions } from "../../src/optim/adam.ts";
import { integers } from "../reference/numbers.ts";
import { gpu } from "./device.ts";
import { defaultModel, type FullConfig } from "./model_config.ts";

/** Tokens of a sequence, and tokens that there are. */
export const T = 20, V = 101;

/** Widths that run the plainest kernels: they compile fast. */
export const SMALL: Partial<FullConfig> = {
  n_embd: 45,
  n_head: 3,
  n_layer: 1,
  vocab_size: V,
  context_length: T,
  n_positions: T,
};

/**
 * Adam with an eps that keeps the noise of gradients near 0 from becoming
 * steps.
 */
export const ADAM = {
  kind: "adamw_hf",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-3,
  weightDecay: 0.1,
} as const;

const SIZES: StepPlanOptions = {
  batchSize: 2,
  evalBatchSize: 2,
  accumulation: 1,
  adam: ADAM,
  historySlots: 8,
};

/**
 * Kernels timed by the first engine: with other kernels the bits may differ.
 */
const choices: KernelChoices = {};

/** An engine with random weights, the same each time. */
export async function openEngine(
  options: Partial<StepPlanOptions> = {},
  changes: Partial<FullConfig> = {},
): Promise<TrainEngine> {
  const device = await gpu();
  const model = simplifiedModel(defaultModel({ ...SMALL, ...changes }));
  const plans = buildStepPlans(model, { ...SIZES, ...options }, device.limits);
  const engine = await TrainEngine.open(device, plans, choices);
  initialiseWeights(engine, 7);
  return engine;
}

/** Random sequences, the same for equal seeds. */
export function sequences(n: number, seed: number): Uint32Array {
  return integers(n * T, seed, V);
}

/** Sequences as one batch. */
export function toBatch(ids: Uint32Array): Batch {
  const arrays = {
    tokens: new Uint32Array(ids.length),
    targets: new Uint32Array(ids.length),
    order: new Uint32Array(ids.length),
  };
  const shape = { batchSize: ids.length / T, sequenceLength: T, vocabSize: V };
  return { ...arrays, counted: assembleBatch(ids, shape, arrays) };
}

/** `ids` as batches of `n` sequences each. */
export const split = (ids: Uint32Array, n: number): Batch[] =>
  Array.from(
    { length: ids.length / n / T },
    (_, i) => toBatch(ids.subarray(i * n * T, (i + 1) * n * T)),
  );

/** Everything of one kind, by parameter. */
export async function all(engine: TrainEngine, kind: "weights" | "gradients") {
  const out = new Map<string, Float32Array>();
  for (const { name } of engine.plans.trained) {
    out.set(name, await engine.read(kind, name));
  }
  return out;
}

/** Options of update `step`, recorded in `slot`. */
export const stepOptions = (step: number, slot = step - 1): StepOptions => ({
  step,
  slot,
  learningRate: 1e-2,
  maxGradNorm: 1,
});
