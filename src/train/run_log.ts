/** What does a run write to metrics.jsonl and to the terminal? @module */
import type { MetricsLog } from "../run_folder/metrics_log.ts";
import { asFairseqPrints } from "../terminal/format_numbers.ts";
import type { Progress } from "../terminal/progress_bar.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Lap } from "./step_clock.ts";

/** What is logged of the steps since the last log line. */
export interface TrainedSteps {
  /** Mean training loss, nats per token. */
  loss: number;
  /**
   * Gradient norm of the last update, before clipping; absent where loss
   * scaling skipped all steps.
   */
  gradNorm: number | undefined;
  /** Learning rate of the last update. */
  learningRate: number;
  /** Seconds of training in the whole run. */
  elapsed: number;
  lap: Lap;
  /**
   * Of the last step, and steps skipped in all; absent without loss scaling.
   */
  lossScaling?: { scale: number; skipped: number } | undefined;
}

/** Writes each record to the metrics and, in short, to the terminal. */
export class RunLog {
  readonly #metrics: MetricsLog;
  readonly #progress: Progress;
  readonly #tokens: () => number;
  readonly #inBits: boolean;
  readonly #hint = waitHint();

  /**
   * @param tokens tokens of the steps done
   * @param inBits whether to also show losses as fairseq prints them
   */
  constructor(
    metrics: MetricsLog,
    progress: Progress,
    tokens: () => number,
    inBits = false,
  ) {
    this.#metrics = metrics;
    this.#progress = progress;
    this.#tokens = tokens;
    this.#inBits = inBits;
  }

  /** Moves the progress bar to `step` steps done. */
  reached(step: number): void {
    this.#progress.at(step);
  }

  /** Logs training up to `step`. */
  trained(step: number, steps: TrainedSteps): void {
    const { lap } = steps;
    const record = {
      step,
      tokens: this.#tokens(),
      loss: steps.loss,
      lr: steps.learningRate,
      grad_norm: steps.gradNorm,
      tokens_per_second: lap.tokensPerSecond,
      elapsed: steps.elapsed,
      data_wait_ms: lap.waitMs,
      loss_scale: steps.lossScaling?.scale,
      skipped_steps: steps.lossScaling?.skipped,
    };
    this.#metrics.write(record);
    this.#progress.report(record);
    const hint = this.#hint(lap.steps, lap.seconds, lap.waitMs);
    if (hint) this.#progress.note(hint);
  }

  /** Logs an evaluation after `step` steps. */
  evaluated(step: number, { loss, perplexity }: Evaluation): void {
    this.#metrics.write({
      step,
      tokens: this.#tokens(),
      eval_loss: loss,
      eval_perplexity: perplexity,
    });
    this.#progress.note(
      `step ${step}  validation loss ${loss.toFixed(4)} nats${
        this.#inBits ? asFairseqPrints(loss) : ""
      }  perplexity ${perplexity.toPrecision(4)}`,
    );
  }

  /** Logs statistics of the blocks after `step` steps. */
  measured(step: number, statistics: Record<string, number>): void {
    this.#metrics.write({
      step,
      tokens: this.#tokens(),
      ...statistics,
    });
  }
}

/** Seconds of training before the first hint: the first steps always wait. */
const HINT_SECONDS = 10;

/** Share of the training time from which on waiting is worth a hint. */
const HINT_SHARE = 0.05;

/**
 * Adds up waits from one log line to the next.
 *
 * @returns a function of a lap's steps, seconds and milliseconds of waiting per
 *   step; it returns a line for the user once, when waits have taken more than
 *   5 % of the time, and null otherwise
 */
export function waitHint(): (
  steps: number,
  seconds: number,
  waitMs: number,
) => string | null {
  let hinted = false;
  let started = false;
  let steps = 0;
  let seconds = 0;
  let waited = 0;
  return (lapSteps, lapSeconds, waitMs) => {
    if (!started) {
      // During the first lap reading had no head start.
      started = true;
      return null;
    }
    steps += lapSteps;
    seconds += lapSeconds;
    waited += lapSteps * waitMs / 1000;
    const isLong = seconds >= HINT_SECONDS && waited >= HINT_SHARE * seconds;
    if (hinted || !isLong) return null;
    hinted = true;
    const perStep = (total: number) => (1000 * total / steps).toPrecision(3);
    return `waiting for data: ${perStep(waited)} ms of ${
      perStep(seconds)
    } ms per step; put data.cache on a faster disk`;
  };
}
