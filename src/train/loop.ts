/**
 * The training loop: set the rate, step, and at the due steps log, evaluate
 * and save.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { MixtureState } from "../data/loader/mixture.ts";
import { UserError } from "../errors.ts";
import { learningRate } from "../optim/schedule.ts";
import {
  findNonFinite,
  findNonFiniteWeight,
  NonFiniteError,
  type NonFiniteTensor,
} from "../engine/non_finite.ts";
import type { Evaluation } from "./evaluate.ts";
import type { BatchLoader } from "../data/loader/batch_loader.ts";
import type { MetricsLog } from "../run_folder/metrics_log.ts";
import type { Progress } from "../terminal/progress_bar.ts";
import type { StepRecord, TrainEngine } from "../engine/train_engine.ts";
import { historySlots, type TrainSettings } from "../engine/train_settings.ts";
import type { StopRequest, StopSignal } from "./signals.ts";

/** What the loop works with. */
export interface LoopParts {
  session: TrainEngine;
  feed: BatchLoader;
  settings: TrainSettings;
  metrics: MetricsLog;
  progress: Progress;
  stop: StopRequest;
  /** Evaluates the current weights, or gives up (null) on a signal; absent where nothing is held out. */
  evaluate?: (() => Promise<Evaluation | null>) | undefined;
  /** Looks inside the blocks after a step; absent where nothing is asked for. */
  report?: (() => Promise<Record<string, number>>) | undefined;
  /** Saves the state after `step` steps. Throws {@linkcode NonFiniteError} rather than save such values. */
  save(step: number): Promise<void>;
  /** Words for what is left to go back to. */
  describeLastCheckpoint(): string;
}

/** When things are due. */
export interface Intervals {
  logSteps: number;
  evalSteps: number;
  saveSteps: number;
  reportSteps: number;
  /** Largest gradient norm; 0 for no clipping. */
  maxGradNorm: number;
}

/** How a run ended. */
export interface TrainResult {
  step: number;
  /** The last evaluation. */
  evaluation: Evaluation | null;
  /** The signal that ended it early. */
  stopped: StopSignal | null;
}

/** Seconds of device work between two readings: waiting costs 10 ms each. */
const SYNC_SECONDS = 1;

/**
 * Trains from `first` steps done to the end.
 *
 * Losses stay on the device; they are read together when a step is due for
 * something, and about once a second, which also bounds how far the host runs
 * ahead of the device.
 *
 * A step with a loss or gradient that is not finite changes no weights (the
 * device sees to that), and what an update made so is not saved.
 *
 * @param elapsed seconds of training before `first`
 * @throws {UserError} when loss, gradient or weights are not finite, naming step and tensor
 */
export async function trainLoop(
  parts: LoopParts,
  intervals: Intervals,
  first: number,
  elapsed: number,
): Promise<TrainResult> {
  const { session: engine, feed: loader, settings, metrics, progress, stop } =
    parts;
  const { totalSteps, tokensPerStep, schedule } = settings;
  const slots = historySlots(intervals.logSteps);
  const every = (steps: number, step: number) =>
    step % steps === 0 || step === totalSteps;
  let evaluation: Evaluation | null = null;
  let interval = 1;
  let mark = { step: first, at: performance.now() };
  let logged = { step: first, at: performance.now(), waited: loader.waited };
  const begun = performance.now();
  // Training time: what evaluations and checkpoints take does not count.
  let paused = 0;
  const window: StepRecord[] = [];
  const states: MixtureState[] = [];
  const hint = waitHint();

  const readBack = async (step: number) => {
    const records = await engine.history(step - mark.step);
    const bad = records.findIndex((r) => r.nonFinite);
    if (bad >= 0) {
      loader.restore(states[bad]);
      const t = mark.step + bad + 1;
      const why = await explain(engine, loader, records[bad], t);
      throw trainingStopped(t, why, parts);
    }
    window.push(...records);
    states.length = 0;
    const at = performance.now();
    const perStep = (at - mark.at) / 1000 / Math.max(1, step - mark.step);
    interval = Math.min(
      slots,
      2 * interval,
      Math.max(1, Math.floor(SYNC_SECONDS / perStep)),
    );
    mark = { step, at };
    progress.at(step);
  };

  const save = async (step: number) => {
    try {
      await parts.save(step);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      throw trainingStopped(step, `its update left ${error.message}`, parts);
    }
  };

  const logEvaluation = async (
    step: number,
    { loss, perplexity }: Evaluation,
  ) => {
    if (!Number.isFinite(loss)) {
      const culprit = await findNonFiniteWeight(engine);
      const where = culprit ? `, as are ${said(culprit)}` : "";
      throw trainingStopped(
        step,
        `validation loss ${loss}, not finite${where}`,
        parts,
      );
    }
    metrics.write({
      step,
      tokens: step * tokensPerStep,
      eval_loss: loss,
      eval_perplexity: perplexity,
    });
    progress.note(
      `step ${step}  validation loss ${loss.toFixed(4)}  perplexity ${
        perplexity.toPrecision(4)
      }`,
    );
  };

  const report = async (step: number) => {
    const numbers = await parts.report!();
    metrics.write({ step, tokens: step * tokensPerStep, ...numbers });
  };

  let step = first;
  // The untrained weights too, on the batch that comes first.
  if (parts.report && step === 0 && !stop.requested) {
    const pause = performance.now();
    const { state } = loader;
    engine.gradient(loader.next());
    loader.restore(state);
    logged.waited = loader.waited;
    await report(0);
    const away = performance.now() - pause;
    paused += away;
    logged.at += away;
    mark.at += away;
  }
  while (step < totalSteps && !stop.requested) {
    states.push(loader.state);
    const batches = loader.next();
    const rate = learningRate(schedule, step);
    engine.step(
      batches,
      step + 1,
      rate,
      step - mark.step,
      intervals.maxGradNorm,
    );
    step++;

    const logs = every(intervals.logSteps, step);
    const evaluates = parts.evaluate && every(intervals.evalSteps, step);
    const saves = every(intervals.saveSteps, step);
    const reports = parts.report && every(intervals.reportSteps, step);
    // Device errors are only seen between turns of the event loop.
    await setImmediate();
    engine.executor.gpu.check();
    if (
      !logs && !evaluates && !saves && !reports && !stop.requested &&
      step - mark.step < interval
    ) continue;
    await readBack(step);

    if (logs) {
      const now = performance.now();
      const seconds = (now - logged.at) / 1000;
      const record = {
        step,
        tokens: step * tokensPerStep,
        loss: mean(window.map((r) => r.loss)),
        lr: rate,
        grad_norm: window[window.length - 1].gradNorm,
        tokens_per_second: (step - logged.step) * tokensPerStep / seconds,
        elapsed: elapsed + (now - begun - paused) / 1000,
        data_wait_ms: (loader.waited - logged.waited) / (step - logged.step),
      };
      metrics.write(record);
      progress.report(record);
      const slow = hint(step - logged.step, seconds, record.data_wait_ms);
      if (slow) progress.note(slow);
      window.length = 0;
      logged = { step, at: now, waited: loader.waited };
    }
    const pause = performance.now();
    if (reports) await report(step);
    if (evaluates) {
      const result = await parts.evaluate!();
      if (result) {
        await logEvaluation(step, result);
        evaluation = result;
      }
    }
    if (saves) await save(step);
    const away = performance.now() - pause;
    paused += away;
    logged.at += away;
    mark.at += away;
  }
  if (stop.requested && step < totalSteps) {
    if (step > mark.step) await readBack(step);
    await save(step);
  }
  return {
    step,
    evaluation,
    stopped: step < totalSteps ? stop.requested : null,
  };
}

/** Seconds of training before anything is said of waits: the first steps always have some. */
const HINT_SECONDS = 10;

/** Share of the time from which on waiting for data is worth a word. */
const HINT_SHARE = 0.05;

/**
 * Watches the waits from one log line to the next.
 *
 * @returns what to say, once: when the training has waited for its data a good part of its time
 */
export function waitHint(): (
  steps: number,
  seconds: number,
  waitMs: number,
) => string | null {
  let describeTensor = false, started = false;
  let steps = 0, seconds = 0, waited = 0;
  return (more, took, waitMs) => {
    if (!started) {
      // Reading had no head start yet.
      started = true;
      return null;
    }
    steps += more;
    seconds += took;
    waited += more * waitMs / 1000;
    if (
      describeTensor || seconds < HINT_SECONDS || waited < HINT_SHARE * seconds
    ) {
      return null;
    }
    describeTensor = true;
    const perStep = (total: number) => (1000 * total / steps).toPrecision(3);
    return `waiting for data: ${perStep(waited)} ms of ${
      perStep(seconds)
    } ms a step; data.cache may lie on a faster disk`;
  };
}

const mean = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;

/** The record of bad step `t`, and where it went wrong; `feed` stands before that step. */
async function explain(
  engine: TrainEngine,
  loader: BatchLoader,
  { loss, gradNorm }: StepRecord,
  t: number,
): Promise<string> {
  const culprit = await findNonFinite(engine, loader.next(), t);
  const where = culprit
    ? `first in ${said(culprit)}`
    : "in no single tensor: the gradient's norm overflowed";
  return `loss ${loss}, gradient norm ${gradNorm}, not finite ${where}`;
}

const said = ({ tensor, label, count }: NonFiniteTensor) =>
  `'${tensor}' (${label}; ${count} values)`;

const trainingStopped = (
  step: number,
  why: string,
  { describeLastCheckpoint: kept }: LoopParts,
) =>
  new UserError(
    `Training stopped at step ${step}: ${why}; ${kept()}: lower train.learning_rate, or lengthen the warm-up`,
  );
