/** How long does training take, without evaluations and checkpoints? @module */

/** What passed between two log lines. */
export interface Lap {
  steps: number;
  /** Seconds of training. */
  seconds: number;
  tokensPerSecond: number;
  /** Milliseconds per step spent waiting for batches. */
  waitMs: number;
}

/** Measures training time: it stands still during a {@linkcode pause}. */
export class StepClock {
  readonly #begun = performance.now();
  readonly #before: number;
  readonly #tokensAfter: (step: number) => number;
  #paused = 0;
  #lap = { step: 0, seconds: 0, waited: 0 };

  /**
   * @param elapsed seconds of training before this process
   * @param tokensAfter tokens of the first `step` steps
   */
  constructor(elapsed: number, tokensAfter: (step: number) => number) {
    this.#before = elapsed;
    this.#tokensAfter = tokensAfter;
  }

  /** Seconds of training, earlier processes of the run included. */
  get elapsed(): number {
    return this.#before + this.seconds;
  }

  /** Seconds of training in this process. */
  get seconds(): number {
    return (performance.now() - this.#begun - this.#paused) / 1000;
  }

  /** Does work whose time does not count as training. */
  async pause<T>(work: () => Promise<T>): Promise<T> {
    const from = performance.now();
    try {
      return await work();
    } finally {
      this.#paused += performance.now() - from;
    }
  }

  /**
   * Starts a lap after `step` steps.
   *
   * @param waited milliseconds that the loader has waited in total
   */
  startLap(step: number, waited: number): void {
    this.#lap = { step, seconds: this.seconds, waited };
  }

  /** Ends the lap after `step` steps and starts the next one. */
  lap(step: number, waited: number): Lap {
    const before = this.#lap;
    this.startLap(step, waited);
    const steps = step - before.step;
    const seconds = this.#lap.seconds - before.seconds;
    return {
      steps,
      seconds,
      tokensPerSecond:
        (this.#tokensAfter(step) - this.#tokensAfter(before.step)) / seconds,
      waitMs: (waited - before.waited) / steps,
    };
  }
}
