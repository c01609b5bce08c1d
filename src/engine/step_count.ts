/**
 * Which number has a step? Loss scaling skips steps, and the two systems count
 * them differently: for Hugging Face's Trainer every step is one, for fairseq
 * only an update is.
 * @module
 */
import type { TrainSettings } from "./train_settings.ts";

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
 * Counts the steps of a run, as far as it is known which of them were skipped:
 * the device tells when its history is read.
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
