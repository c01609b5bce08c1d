/** The smallest models that have every part, and engines for them. @module */
import { compose } from "../../src/config/mod.ts";
import { assembleBatch, type Batch } from "../../src/data/loader/batch.ts";
import { modelOf } from "../../src/engine/from_config.ts";
import {
  buildStepPlans,
  type StepPlanOptions,
} from "../../src/engine/step_plans.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import type { KernelChoices } from "../../src/gpu/tuner.ts";
import { initialValues } from "../../src/model/initialise.ts";
import type { Model } from "../../src/model/model.ts";
import { fromDevice } from "../../src/model/parameters.ts";
import { gpu } from "../helpers/device.ts";
import { ADAM } from "../helpers/engine.ts";
import { integers, randoms } from "../reference/numbers.ts";
import type { Changes, Configuration } from "./_configs.ts";
import { fairseqLoss } from "./_fairseq.ts";
import type { Loss } from "./_parts.ts";
import { simplifiedLoss } from "./_simplified.ts";

/** Seed of weights and dropout. */
export const SEED = 7;

const T = 6, V = 17, ROWS = 2;

/** One size for all, so that they share their kernels. */
const SIZES: Record<string, Changes> = {
  gpt2: {
    n_embd: 12,
    n_head: 2,
    n_layer: 2,
    context_length: T,
    n_positions: T,
    initializer_range: 0.2,
  },
  transformer_lm_gpt: {
    decoder_embed_dim: 12,
    decoder_ffn_embed_dim: 30,
    decoder_attention_heads: 2,
    decoder_layers: 2,
    tokens_per_sample: T,
  },
};

/** The model of a configuration, and its loss in float64. */
export function tiny(
  { file, changes }: Omit<Configuration, "name">,
): { model: Model; loss: Loss } {
  const family = /normformer|transformer/.test(file)
    ? "transformer_lm_gpt"
    : "gpt2";
  const overrides = Object.entries({ ...SIZES[family], ...changes })
    .map(([key, value]) => `model.${key}=${value}`);
  const { config } = compose({ overrides: [`model=${file}`, ...overrides] });
  const loss = config.model.name === "gpt2"
    ? simplifiedLoss({ ...config.model, vocab_size: V })
    : fairseqLoss(config.model);
  return { model: modelOf(config, V), loss };
}

/** Kernels timed by the first engine. */
const choices: KernelChoices = {};

/** An engine for the model, without values. */
export async function openTiny(
  model: Model,
  options: Partial<StepPlanOptions> = {},
): Promise<TrainEngine> {
  const device = await gpu();
  const plans = buildStepPlans(model, {
    batchSize: ROWS,
    evalBatchSize: ROWS,
    accumulation: 1,
    adam: ADAM,
    seed: SEED,
    historySlots: 4,
    ...options,
  }, device.limits);
  return await TrainEngine.open(device, plans, choices);
}

/** Two sequences without token 1, which pads where anything does. */
export function tinyBatch(seed: number): Batch {
  const ids = integers(ROWS * T, seed, V).map((id) => id === 1 ? 2 : id);
  const make = () => new Uint32Array(ids.length);
  const arrays = { tokens: make(), targets: make(), order: make() };
  const shape = { batchSize: ROWS, sequenceLength: T, vocabSize: V };
  return { ...arrays, counted: assembleBatch(ids, shape, arrays) };
}

/**
 * Values under which every part matters: initial ones, and noise on what is
 * trained.
 */
export function noisyValues(engine: TrainEngine): Map<string, Float64Array> {
  const { model } = engine;
  const out = new Map<string, Float64Array>();
  model.parameters.forEach((spec, i) => {
    const values = initialValues(spec, SEED);
    const noise = randoms(values.length, i + 1, 0.4);
    const trained = engine.isTrained(spec);
    out.set(
      spec.name,
      Float64Array.from(
        values,
        (x, j) => trained ? Math.fround(x + noise[j]) : x,
      ),
    );
  });
  for (const { name, values } of model.fixed) {
    out.set(name, Float64Array.from(values(SEED)));
  }
  return out;
}

/** Everything of one kind that is on the device, parameter by parameter. */
export async function readAll(
  engine: TrainEngine,
  kind: "weights" | "gradients" | "exp_avg" | "exp_avg_sq",
): Promise<Map<string, Float32Array>> {
  const { layout: { shards, positions }, trained } = engine.plans;
  const data = await Promise.all(
    shards.map(({ elements }, i) =>
      engine.executor.read(`${kind}.${i}`, elements * 4)
    ),
  );
  return new Map(trained.map(({ name }) => {
    const position = positions.get(name)!;
    const { shard, offset, bytes } = position;
    const placed = new Float32Array(data[shard], offset, bytes / 4);
    return [name, fromDevice(position, placed)];
  }));
}
