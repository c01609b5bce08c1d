/** What a run does, derived from its config and its data. @module */
import { type Config, sequenceLength } from "../config/mod.ts";
import type { AdamOptions } from "../optim/adam.ts";
import type { Schedule } from "../optim/schedule.ts";

/** Numbers that the loop runs by. */
export interface TrainSettings {
  /** Optimizer steps in all. */
  totalSteps: number;
  /** Sequences of one optimizer step. */
  sequencesPerStep: number;
  /** Tokens of one optimizer step. */
  tokensPerStep: number;
  schedule: Schedule;
  adam: AdamOptions;
}

/**
 * Counts steps as Hugging Face's Trainer does: an epoch has
 * ⌊⌈chunks / batch⌉ / accumulation⌋ updates, at least one; warm-up is
 * ⌈ratio · updates⌉.
 *
 * @param chunks training sequences; unused where `train.max_steps` is set
 */
export function trainSettings(config: Config, chunks: number): TrainSettings {
  const { train, model } = config;
  const accumulation = train.gradient_accumulation_steps;
  const batches = Math.ceil(chunks / train.device_train_batch_size);
  const perEpoch = Math.max(1, Math.floor(batches / accumulation));
  const totalSteps = train.max_steps ??
    Math.ceil(train.num_train_epochs * perEpoch);
  const sequencesPerStep = train.device_train_batch_size * accumulation;
  return {
    totalSteps,
    sequencesPerStep,
    tokensPerStep: sequencesPerStep * sequenceLength(model),
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

/** Steps between two readings at most; as many records does the device keep. */
export const historySlots = (logSteps: number): number =>
  Math.min(1024, Math.max(16, logSteps));
