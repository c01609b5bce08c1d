/** What has the device recorded of the last steps? @module */
import type { BatchLoader } from "../data/loader/batch_loader.ts";
import type { MixtureState } from "../data/loader/mixture.ts";
import type { StepRecord, TrainEngine } from "../engine/train_engine.ts";
import { diagnoseStep } from "./non_finite_step.ts";
import type { StepClock } from "./step_clock.ts";

/** Seconds of device work between two readings: a reading waits for 10 ms. */
const SYNC_SECONDS = 1;

/**
 * Losses and gradient norms that stay on the device until several steps are
 * read together: about once per second, which also bounds how far the host runs
 * ahead of the device.
 *
 * Of each unread step it keeps the loader's state before that step. If the step
 * turns out not to be finite, its batches can be drawn again.
 */
export class LossHistory {
  readonly #engine: TrainEngine;
  readonly #loader: BatchLoader;
  readonly #clock: StepClock;
  /** Loader's states before the steps that are not read yet. */
  #unread: MixtureState[] = [];
  /** Records read since the last {@linkcode summary}. */
  #read: StepRecord[] = [];
  /** Training time of the last reading. */
  #readAt: number;
  /** Steps until the next reading. */
  #interval = 1;

  constructor(engine: TrainEngine, loader: BatchLoader, clock: StepClock) {
    this.#engine = engine;
    this.#loader = loader;
    this.#clock = clock;
    this.#readAt = clock.seconds;
  }

  /**
   * Announces a step; call it before its batches are drawn.
   *
   * @returns the slot that the device writes the step's record to
   */
  add(): number {
    return this.#unread.push(this.#loader.state) - 1;
  }

  /** Whether steps are not read yet. */
  get hasUnread(): boolean {
    return this.#unread.length > 0;
  }

  /** Whether it is time to read: a second has passed, or no slot is left. */
  get isFull(): boolean {
    return this.#unread.length >= this.#interval;
  }

  /**
   * Reads the records of all steps up to `step`. Waits for the device.
   *
   * @throws {NonFiniteStepError} at the first one that is not finite
   */
  async read(step: number): Promise<void> {
    const steps = this.#unread.length;
    const records = await this.#engine.history(steps);
    const bad = records.findIndex((record) => record.nonFinite);
    if (bad >= 0) {
      this.#loader.restore(this.#unread[bad]);
      throw await diagnoseStep(
        this.#engine,
        this.#loader,
        records[bad],
        step - steps + bad + 1,
      );
    }
    this.#read.push(...records);
    this.#unread = [];
    this.#adaptInterval(steps);
  }

  #adaptInterval(steps: number): void {
    const at = this.#clock.seconds;
    const secondsPerStep = (at - this.#readAt) / steps;
    this.#readAt = at;
    this.#interval = Math.min(
      this.#engine.plans.options.historySlots,
      2 * this.#interval,
      Math.max(1, Math.floor(SYNC_SECONDS / secondsPerStep)),
    );
  }

  /**
   * Sums up the steps that were read since the last summary.
   *
   * @returns their mean loss, and the last one's gradient norm
   */
  summary(): { loss: number; gradNorm: number } {
    const records = this.#read;
    this.#read = [];
    return {
      loss: records.reduce((sum, { loss }) => sum + loss, 0) / records.length,
      gradNorm: records[records.length - 1].gradNorm,
    };
  }
}
