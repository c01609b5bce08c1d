/**
 * The numbers of a run, derived from its config and its data, and which number
 * each step has.
 * @module
 */
import { type Config, sequenceLength } from "../config/mod.ts";
import type { AdamOptions } from "../optim/adam.ts";
import { isFairseq } from "../optim/loss_scaling.ts";
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
  /**
   * Whether a step that loss scaling skips counts as one: Hugging Face's
   * Trainer counts it, fairseq does not.
   */
  countsSkipped: boolean;
  /**
   * Whether skipped steps do not count towards the total either: fairseq's
   * `--max-update`, but not its `--max-epoch`.
   */
  endsByUpdates: boolean;
  /** Tokens of one full optimizer step. */
  tokensPerStep: number;
  /**
   * Steps and tokens of an epoch that ends with a smaller step; null where
   * steps continue into the next epoch.
   */
  epoch: { steps: number; tokens: number } | null;
  schedule: Schedule;
  /** Gradient norm above which gradients are scaled down; 0 never. */
  maxGradNorm: number;
  adam: AdamOptions;
}

/**
 * Counts steps as the two systems do: an epoch has ⌈sequences / batch size⌉
 * micro-batches. With `train.epoch_remainder: next_epoch` it has
 * ⌊micro-batches / accumulation⌋ steps, at least one, as in Hugging Face's
 * Trainer; with `own_update` ⌈micro-batches / accumulation⌉, as in fairseq.
 * Warm-up by ratio is ⌈ratio · steps⌉.
 *
 * @param sequences in the training data
 */
export function trainSettings(
  config: Config,
  sequences: number,
): TrainSettings {
  const { train, model } = config;
  const batchSize = train.device_train_batch_size;
  const accumulation = train.gradient_accumulation_steps;
  const microBatches = Math.ceil(sequences / batchSize);
  const ownUpdate = train.epoch_remainder === "own_update";
  const stepsPerEpoch = ownUpdate
    ? Math.ceil(microBatches / accumulation)
    : Math.max(1, Math.floor(microBatches / accumulation));
  const totalSteps = train.max_steps ??
    Math.ceil(train.num_train_epochs * stepsPerEpoch);
  const fairseq = isFairseq(train.optim);
  return {
    batchSize,
    evalBatchSize: train.device_eval_batch_size,
    accumulation,
    totalSteps,
    countsSkipped: !fairseq,
    endsByUpdates: fairseq && train.max_steps !== null,
    tokensPerStep: batchSize * accumulation * sequenceLength(model),
    epoch: ownUpdate
      ? { steps: stepsPerEpoch, tokens: sequences * sequenceLength(model) }
      : null,
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

/** Tokens of the first `step` steps, skipped ones included. */
export function tokensAfter(
  { epoch, tokensPerStep }: TrainSettings,
  step: number,
): number {
  if (!epoch) return step * tokensPerStep;
  const epochs = Math.floor(step / epoch.steps);
  return epochs * epoch.tokens + (step % epoch.steps) * tokensPerStep;
}

/**
 * Records that the device keeps, hence the most steps between two readings.
 *
 * @param logSteps steps between two log lines
 */
export const historySlots = (logSteps: number): number =>
  Math.min(1024, Math.max(16, logSteps));

/** What decides how steps count. */
type CountRule = Pick<
  TrainSettings,
  "countsSkipped" | "endsByUpdates" | "totalSteps"
>;

/** What a count starts from. */
export interface StepCountStart {
  /** Steps done, as the run counts them. */
  step: number;
  /** Steps that were skipped. */
  skipped: number;
}

/**
 * Counts the steps of a run: for Hugging Face's Trainer each is one, for
 * fairseq only an update is. It counts as far as it is known which of them were
 * skipped: the device tells when its history is read.
 */
export class StepCount {
  /** Steps whose batches were drawn. */
  drawn: number;
  /** Of them, those that are known to have been skipped. */
  skipped: number;
  readonly #settings: CountRule;

  constructor(settings: CountRule, { step, skipped }: StepCountStart) {
    this.#settings = settings;
    this.skipped = skipped;
    this.drawn = settings.countsSkipped ? step : step + skipped;
  }

  /** Optimizer updates, if none is skipped that is not known yet. */
  get updates(): number {
    return this.drawn - this.skipped;
  }

  /** Steps done, as the run counts them, with the same reservation. */
  get step(): number {
    return this.numberOf(this.drawn);
  }

  /** The run's number of the step that was drawn as number `drawn`. */
  numberOf(drawn: number): number {
    return this.countsSkipped ? drawn : drawn - this.skipped;
  }

  /** Whether a skipped step counts as one. */
  get countsSkipped(): boolean {
    return this.#settings.countsSkipped;
  }

  /** Whether the run has reached its end, with the same reservation. */
  get isOver(): boolean {
    const { totalSteps, endsByUpdates } = this.#settings;
    return (endsByUpdates ? this.updates : this.drawn) >= totalSteps;
  }
}
