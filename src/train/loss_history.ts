/** What has the device recorded of the last steps? @module */
import type { Batch } from "../data/loader/batch.ts";
import type { BatchLoader } from "../data/loader/batch_loader.ts";
import type { MixtureState } from "../data/loader/mixture.ts";
import type { StepRecord } from "../engine/step_state.ts";
import type { TrainEngine } from "../engine/train_engine.ts";
import type { StepCount } from "../engine/train_settings.ts";
import { diagnoseStep } from "./non_finite_step.ts";
import type { StepClock } from "./step_clock.ts";

/** What is logged of several steps. */
export interface StepSummary {
  /** Their mean loss. */
  loss: number;
  /** Gradient norm of the last update among them; absent without any. */
  gradNorm: number | undefined;
  /** Loss scale of the last of them; 1 without loss scaling. */
  lossScale: number;
}

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
  readonly #count: StepCount;
  /**
   * Of the steps that are not read yet, the loader's states before them, and
   * their shares in a mean of losses.
   */
  #unread: { state: MixtureState; weight: number }[] = [];
  /** Records read since the last {@linkcode summary}. */
  #read: (StepRecord & { weight: number })[] = [];
  /** Training time of the last reading. */
  #readAt: number;
  /** Steps until the next reading. */
  #interval = 1;

  /** @param count learns of skipped steps, where they are read */
  constructor(
    engine: TrainEngine,
    loader: BatchLoader,
    clock: StepClock,
    count: StepCount,
  ) {
    this.#engine = engine;
    this.#loader = loader;
    this.#clock = clock;
    this.#count = count;
    this.#readAt = clock.seconds;
  }

  /**
   * Announces a step; call it before its batches are drawn.
   *
   * @returns the slot that the device writes the step's record to
   */
  add(): number {
    return this.#unread.push({ state: this.#loader.state, weight: 1 }) - 1;
  }

  /**
   * Weighs the step announced last, once its batches are drawn: where losses
   * are averaged over tokens, by those that count.
   */
  weigh(batches: readonly Batch[]): void {
    if (this.#engine.plans.options.lossAverage !== "tokens") return;
    this.#unread[this.#unread.length - 1].weight = batches.reduce(
      (sum, { counted }) => sum + counted,
      0,
    );
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
   * Reads the records of all steps that were drawn. Waits for the device.
   *
   * @throws {NonFiniteStepError} at the first one that is not finite
   */
  async read(): Promise<void> {
    const count = this.#count, steps = this.#unread.length;
    const records = await this.#engine.history(steps);
    for (const [i, record] of records.entries()) {
      const { state, weight } = this.#unread[i];
      if (record.nonFinite) {
        this.#loader.restore(state);
        const drawn = count.drawn - steps + i + 1;
        throw await diagnoseStep(this.#engine, this.#loader, record, {
          drawn,
          step: count.numberOf(drawn),
        });
      }
      if (record.skipped) count.skipped++;
      this.#read.push({ ...record, weight });
    }
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
   * Sums up the steps that were read since the last summary. Losses of skipped
   * steps are finite, and count where skipped steps do.
   *
   * @returns null where no step counts
   */
  summary(): StepSummary | null {
    const all = this.#read, last = all.at(-1);
    this.#read = [];
    const records = this.#count.countsSkipped
      ? all
      : all.filter(({ skipped }) => !skipped);
    if (!last || records.length === 0) return null;
    const total = records.reduce((sum, { weight }) => sum + weight, 0);
    return {
      // Steps without a label that counts have a loss of 0.
      loss: records.reduce((sum, { loss, weight }) => sum + weight * loss, 0) /
        (total || 1),
      gradNorm: all.findLast(({ skipped }) => !skipped)?.gradNorm,
      lossScale: last.lossScale,
    };
  }
}
