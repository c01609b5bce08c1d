/** The numbers of a run, derived from its config and its data. @module */
import { type Config, sequenceLength } from "../config/mod.ts";
import type { AdamOptions } from "../optim/adam.ts";
import type { Schedule } from "../optim/schedule.ts";

/** Sizes, step counts and rates of a run. */
export interface TrainSettings {
  /** Sequences of a micro-batch: `train.device_train_batch_size`. */
  batchSize: number;
  /** Sequences of an evaluation batch: `train.device_eval_batch_size`. */
  evalBatchSize: number;
  /** Micro-batches of one optimizer step. */
  accumulation: number;
  /** Optimizer steps in total. */
  totalSteps: number;
  /** Tokens of one optimizer step. */
  tokensPerStep: number;
  schedule: Schedule;
  /** Gradient norm above which gradients are scaled down; 0 never. */
  maxGradNorm: number;
  adam: AdamOptions;
}

/**
 * Counts steps as Hugging Face's Trainer does: an epoch has
 * ⌊⌈sequences / batch size⌉ / accumulation⌋ steps, at least one; warm-up is
 * ⌈ratio · steps⌉.
 *
 * @param sequences in the training data; unused where `train.max_steps` is set
 */
export function trainSettings(
  config: Config,
  sequences: number,
): TrainSettings {
  const { train, model } = config;
  const batchSize = train.device_train_batch_size;
  const accumulation = train.gradient_accumulation_steps;
  const microBatches = Math.ceil(sequences / batchSize);
  const stepsPerEpoch = Math.max(1, Math.floor(microBatches / accumulation));
  const totalSteps = train.max_steps ??
    Math.ceil(train.num_train_epochs * stepsPerEpoch);
  return {
    batchSize,
    evalBatchSize: train.device_eval_batch_size,
    accumulation,
    totalSteps,
    tokensPerStep: batchSize * accumulation * sequenceLength(model),
    maxGradNorm: train.max_grad_norm,
    schedule: {
      learningRate: train.learning_rate,
      end: train.lr_end,
      warmup: train.warmup_steps ?? Math.ceil(totalSteps * train.warmup_ratio),
      total: train.total_num_update ?? totalSteps,
      power: train.power,
    },
    adam: {
      kind: train.optim,
      beta1: train.adam_beta1,
      beta2: train.adam_beta2,
      epsilon: train.adam_epsilon,
      weightDecay: train.weight_decay,
    },
  };
}

/**
 * Records that the device keeps, hence the most steps between two readings.
 *
 * @param logSteps steps between two log lines
 */
export const historySlots = (logSteps: number): number =>
  Math.min(1024, Math.max(16, logSteps));
