/** Shows on standard error which kernel of how many is being timed. @module */
import { Progress, type ProgressOptions } from "./progress_bar.ts";

/** Where there is no terminal, lines come this often, in seconds. */
const EVERY = 5;

type Options = Pick<ProgressOptions, "sink" | "now">;

/** Progress that appears with the first report, if there is one. */
export class TimingProgress {
  readonly #options: Options;
  readonly #now: () => number;
  readonly #from: number;
  #progress: Progress | undefined;

  constructor(options: Options = {}) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#from = this.#now();
  }

  /** Shows `timing kernels <done>/<total>`. */
  at(done: number, total: number): void {
    this.#progress ??= new Progress({
      ...this.#options,
      label: "timing kernels",
      total,
      every: EVERY,
    });
    this.#progress.at(done);
  }

  /**
   * Releases the terminal, or prints a last line; for `await using`. What was
   * quick is worth a bar but no line.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const isTerminal = this.#options.sink?.isTerminal ??
      Deno.stderr.isTerminal();
    const quick = this.#now() - this.#from < 1000 * EVERY;
    if (isTerminal || !quick) await this.#progress?.stop();
  }
}
