/** Small models on the device. @module */
import { assembleBatch } from "../../src/data/loader/batch.ts";
import type { Choices } from "../../src/gpu/tuner.ts";
import { gpt2 } from "../../src/model/simplified/model.ts";
import {
  buildProgram,
  type ProgramOptions,
} from "../../src/engine/step_plans.ts";
import { Session } from "../../src/engine/train_engine.ts";
import type { Batch } from "../../src/data/loader/batch.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import { gpu } from "./device.ts";
import { defaultModel, type FullConfig } from "./model_config.ts";
import { integers } from "../reference/numbers.ts";

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

/** Adam with an eps that keeps the noise of gradients near 0 from becoming steps. */
export const ADAM = {
  kind: "adamw_hf",
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-3,
  weightDecay: 0.1,
} as const;

const SIZES: ProgramOptions = {
  batch: 2,
  evalBatch: 2,
  accumulation: 1,
  adam: ADAM,
  historySlots: 8,
};

/** Kernels timed by the first session: with other kernels the bits may differ. */
const choices: Choices = {};

/** A session on random weights, the same each time. */
export async function openSession(
  options: Partial<ProgramOptions> = {},
  changes: Partial<FullConfig> = {},
): Promise<Session> {
  const device = await gpu();
  const model = gpt2(defaultModel({ ...SMALL, ...changes }));
  const program = buildProgram(model, { ...SIZES, ...options }, device.traits);
  const session = await Session.open(device, program, choices);
  initialiseWeights(session, 7);
  return session;
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
  const shape = { rows: ids.length / T, contextLength: T, vocabSize: V };
  return { ...arrays, counted: assembleBatch(ids, shape, arrays) };
}

/** `ids` as batches of `n` sequences each. */
export const split = (ids: Uint32Array, n: number): Batch[] =>
  Array.from(
    { length: ids.length / n / T },
    (_, i) => toBatch(ids.subarray(i * n * T, (i + 1) * n * T)),
  );

/** Everything of one kind, by parameter. */
export async function all(session: Session, kind: "weights" | "gradients") {
  const out = new Map<string, Float32Array>();
  for (const { name } of session.program.trained) {
    out.set(name, await session.read(kind, name));
  }
  return out;
}
