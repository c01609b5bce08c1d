/** A golden fixture's files, opened and checked. @module */
import { SafetensorsFile } from "../checkpoint/safetensors.ts";
import type { AnyModel } from "../config/mod.ts";
import { assembleBatch, type Batch } from "../data/loader/batch.ts";
import { UserError } from "../errors.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import { fairseqDecoder } from "../model/fairseq/decoder.ts";
import type { Model } from "../model/model.ts";
import { simplifiedModel } from "../model/simplified/model.ts";
import type { AdamOptions } from "../optim/adam.ts";
import type { Schedule } from "../optim/schedule.ts";
import { type Fixture, validateFixture } from "./fixture_config.ts";
import type { TrajectoryNoise } from "./trajectory_tolerance.ts";

/** The parts of `expected.json` that are read; see `tests/golden/README.md`. */
export interface Expected {
  loss: number;
  n_params: { total: number; trainable: number };
  params: Record<string, {
    shape: number[];
    trainable: boolean;
    gets_gradient: boolean;
    weight_decay: number | null;
  }>;
  trajectory: {
    loss: number[];
    lr: number[];
    grad_norm: number[];
    eval_loss_before: number;
    eval_loss_after: number;
    final_param_l2: Record<string, number>;
  };
  /** Distance of the authors' code in float32 from these float64 numbers. */
  float32_noise?: { trajectory_max_so_far?: TrajectoryNoise };
  /** Only for the first family. */
  statistics?: {
    attn_entropy: number[];
    hidden_states: Record<string, number>[];
    /** Null where the authors' code fails. */
    gains: Record<string, number> | null;
  };
}

/** A fixture, open for reading. */
export interface FixtureFiles {
  /** The fixture's folder. */
  path: string;
  model: Model;
  adam: AdamOptions;
  schedule: Schedule;
  /** Gradient norm above which gradients are scaled down; 0 never. */
  maxGradNorm: number;
  expected: Expected;
  weights: SafetensorsFile;
  batches: SafetensorsFile;
  reference: SafetensorsFile;
  close(): void;
}

/**
 * Opens the fixture in folder `path`.
 *
 * @throws {UserError} if a file is missing or malformed, or the model has
 *   dropout
 */
export function openFixture(path: string): FixtureFiles {
  const config = `${path}/config.yaml`;
  const fixture = validateFixture(readText(config), config);
  refuseDropout(fixture.model, config);
  const expected = readExpected(`${path}/expected.json`);
  const files: SafetensorsFile[] = [];
  try {
    for (const name of ["weights", "batch", "expected"]) {
      files.push(SafetensorsFile.open(`${path}/${name}.safetensors`));
    }
  } catch (error) {
    for (const file of files) file.close();
    throw error;
  }
  const [weights, batches, reference] = files;
  return {
    path,
    ...fixture.family === "normformer"
      ? fairseq(fixture)
      : huggingFace(fixture),
    expected,
    weights,
    batches,
    reference,
    close: () => files.forEach((file) => file.close()),
  };
}

/** Random dropout cannot give the stored numbers. */
function refuseDropout(model: AnyModel, path: string): void {
  for (const [key, value] of Object.entries(model)) {
    if (!/(pdrop|dropout)$/.test(key) || value === 0) continue;
    throw new UserError(
      `Cannot compare a fixture with its numbers as 'model.${key}' must be 0: got ${value} (${path})`,
    );
  }
}

type Of<F extends Fixture["family"]> = Extract<Fixture, { family: F }>;

function huggingFace({ model, optim }: Of<"simplified_transformers">) {
  if (model.vocab_size === null) {
    throw new UserError(
      "Cannot run a fixture as 'model.vocab_size' must be set",
    );
  }
  return {
    model: simplifiedModel({ ...model, vocab_size: model.vocab_size }),
    adam: {
      kind: optim.optim,
      beta1: optim.adam_beta1,
      beta2: optim.adam_beta2,
      epsilon: optim.adam_epsilon,
      weightDecay: optim.weight_decay,
    },
    schedule: {
      learningRate: optim.learning_rate,
      end: optim.lr_end,
      warmup: optim.warmup_steps,
      total: optim.total_steps,
      power: optim.power,
    },
    maxGradNorm: optim.max_grad_norm,
  };
}

function fairseq({ model, optim }: Of<"normformer">) {
  return {
    model: fairseqDecoder(model),
    adam: {
      kind: "adam_fairseq" as const,
      beta1: optim.adam_betas[0],
      beta2: optim.adam_betas[1],
      epsilon: optim.adam_eps,
      weightDecay: optim.weight_decay,
    },
    schedule: {
      learningRate: optim.lr,
      end: optim.end_learning_rate,
      warmup: optim.warmup_updates,
      total: optim.total_num_update,
      power: optim.power,
    },
    maxGradNorm: optim.clip_norm,
  };
}

/**
 * Batch number `index` of those that a fixture stores under `inputs`. Targets
 * are stored too, or are the tokens shifted by one.
 *
 * @param size positions of the batch, B·T
 */
export function fixtureBatch(
  files: FixtureFiles,
  [inputs, targets]: readonly [inputs: string, targets: string],
  index: number,
  size: number,
): Batch {
  const part = (name: string) =>
    idsOf(files.batches, name).subarray(index * size, (index + 1) * size);
  const arrays = {
    tokens: new Uint32Array(size),
    targets: new Uint32Array(size),
    order: new Uint32Array(size),
  };
  const { sequenceLength, vocabSize } = files.model;
  const shape = { batchSize: size / sequenceLength, sequenceLength, vocabSize };
  const counted = assembleBatch(part(inputs), shape, arrays);
  if (!files.batches.tensors.has(targets)) return { ...arrays, counted };
  arrays.targets.set(part(targets));
  return { ...arrays, counted: size };
}

/**
 * Token ids of a fixture.
 *
 * @throws {UserError} if they are not 32-bit integers
 */
export function idsOf(file: SafetensorsFile, name: string): Int32Array {
  const ids = file.read(name);
  if (!(ids instanceof Int32Array)) {
    throw new UserError(
      `Cannot use '${name}' of '${file.path}' as it must hold I32 token ids`,
    );
  }
  return ids;
}

function readExpected(file: string): Expected {
  const text = readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(
      `Cannot read '${file}' as it must be JSON: ${(cause as Error).message}`,
    );
  }
}

function readText(file: string): string {
  try {
    return readSmallText(file);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `Cannot read '${file}': a fixture is a folder with config.yaml, weights.safetensors, batch.safetensors, expected.safetensors and expected.json`,
    );
  }
}
