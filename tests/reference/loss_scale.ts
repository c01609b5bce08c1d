/** The rules of dynamic loss scaling, as their authors state them. @module */

/** A rule, one call per step. */
export interface LossScaler {
  scale: number;
  /**
   * Takes a step into account.
   *
   * @returns whether it was an update, was skipped, or ends the run
   */
  step(overflow: boolean): "applied" | "skipped" | "stopped";
}

/** PyTorch's `GradScaler`: growth 2, backoff 0.5. */
export class GradScaler implements LossScaler {
  #grownFor = 0;
  constructor(public scale: number, readonly interval: number) {}

  step(overflow: boolean) {
    if (overflow) {
      this.scale *= 0.5;
      this.#grownFor = 0;
      return "skipped";
    }
    if (++this.#grownFor === this.interval) {
      this.scale *= 2;
      this.#grownFor = 0;
    }
    return "applied";
  }
}

/** fairseq's `DynamicLossScaler`, with its iteration numbers. */
export class DynamicLossScaler implements LossScaler {
  #iteration = 0;
  #lastOverflow = -1;
  #lastRescale = -1;
  #overflows = 0;
  constructor(
    public scale: number,
    readonly window: number,
    readonly tolerance = 0,
    readonly threshold: number | null = null,
    readonly least = 1e-4,
  ) {}

  step(overflow: boolean) {
    if (!overflow) {
      if ((this.#iteration - this.#lastOverflow) % this.window === 0) {
        this.scale *= 2;
        this.#lastRescale = this.#iteration;
      }
      this.#iteration++;
      return "applied";
    }
    const before = this.scale;
    this.#lastOverflow = this.#iteration;
    const share = ++this.#overflows / (this.#iteration - this.#lastRescale);
    if (share >= this.tolerance) {
      this.scale /= 2;
      if (this.threshold !== null) {
        this.scale = Math.max(this.scale, this.threshold);
      }
      this.#lastRescale = this.#iteration;
      this.#overflows = 0;
    }
    if (this.scale <= this.least) {
      this.scale = before;
      return "stopped";
    }
    this.#iteration++;
    return "skipped";
  }
}
