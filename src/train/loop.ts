/**
 * In what order does training happen? Each step sets the rate and submits its
 * batches; at their intervals steps log, measure, evaluate and save.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import type { BatchLoader } from "../data/loader/batch_loader.ts";
import { NonFiniteError } from "../engine/non_finite.ts";
import type { TrainEngine } from "../engine/train_engine.ts";
import {
  type StepCount,
  type StepCountStart,
  tokensAfter,
  type TrainSettings,
} from "../engine/train_settings.ts";
import { learningRate } from "../optim/schedule.ts";
import type { Evaluation } from "./evaluate.ts";
import { LossHistory } from "./loss_history.ts";
import { diagnoseEvaluation, NonFiniteStepError } from "./non_finite_step.ts";
import type { RunLog } from "./run_log.ts";
import type { StopRequest, StopSignal } from "./signals.ts";
import { StepClock } from "./step_clock.ts";

/** What the loop works with. */
export interface LoopParts {
  engine: TrainEngine;
  loader: BatchLoader;
  settings: TrainSettings;
  /** Steps done; the loop counts on. */
  count: StepCount;
  intervals: Intervals;
  log: RunLog;
  stop: StopRequest;
  /**
   * Evaluates the current weights, or gives up (null) on a signal; absent where
   * nothing is held out.
   */
  evaluate?: (() => Promise<Evaluation | null>) | undefined;
  /** Measures inside the blocks; absent where nothing is to be measured. */
  measure?: (() => Promise<Record<string, number>>) | undefined;
  /**
   * Saves the state after `step` steps.
   *
   * @throws {NonFiniteError} instead of saving values that are not finite
   */
  save(step: number): Promise<void>;
}

/** Steps between two log lines, evaluations, checkpoints or measurements. */
export interface Intervals {
  log: number;
  evaluate: number;
  save: number;
  measure: number;
}

/** Where a run starts or resumes. */
export interface StartingPoint extends StepCountStart {
  /** Seconds of training done. */
  elapsed: number;
}

/** How a run ended. */
export interface TrainResult {
  step: number;
  /** The last evaluation. */
  evaluation: Evaluation | null;
  /** The signal that ended it early. */
  stopped: StopSignal | null;
}

/**
 * Trains from a starting point to the end, or until a signal asks to stop.
 *
 * A step with a loss or gradient that is not finite changes no weights (the
 * device sees to that), and weights that are not finite are not saved.
 *
 * @throws {NonFiniteStepError} when loss, gradient or weights are not finite
 */
export async function trainLoop(
  parts: LoopParts,
  start: StartingPoint,
): Promise<TrainResult> {
  const { engine, loader, settings, count, log, stop } = parts;
  const { schedule, maxGradNorm } = settings;
  const clock = new StepClock(
    start.elapsed,
    (drawn) => tokensAfter(settings, drawn),
  );
  const history = new LossHistory(engine, loader, clock, count);
  const due = new DueTasks(parts);
  let evaluation: Evaluation | null = null;

  if (count.step === 0 && parts.measure && !stop.requested) {
    await clock.pause(() => measureUntrained(parts));
  }
  clock.startLap(count.drawn, loader.waitedMs);
  while (!count.isOver && !stop.requested) {
    const slot = history.add();
    const batches = loader.next();
    history.weigh(batches);
    // What the device does where it has skipped steps that are not known yet.
    const rate = learningRate(schedule, count.updates);
    // Only submits: the device is waited for where its history is read.
    await engine.step(batches, {
      step: ++count.drawn,
      skipped: count.skipped,
      learningRate: rate,
      maxGradNorm,
      slot,
    });
    // Device errors surface between turns of the event loop.
    await setImmediate();
    engine.executor.gpu.check();

    if (!due.next() && !history.isFull && !stop.requested) continue;
    await history.read();
    const { step } = count;
    log.reached(step);
    // Where steps were skipped, it is not due yet.
    if (!due.now()) continue;
    const summary = due.log ? history.summary() : null;
    if (summary) {
      const { loss, gradNorm, lossScale: scale } = summary;
      log.trained(step, {
        loss,
        gradNorm,
        lossScaling: engine.plans.options.lossScaling && {
          scale,
          skipped: count.skipped,
        },
        learningRate: learningRate(schedule, Math.max(0, count.updates - 1)),
        elapsed: clock.elapsed,
        lap: clock.lap(count.drawn, loader.waitedMs),
      });
    }
    if (due.measure) await clock.pause(() => measure(parts, step));
    if (due.evaluate) {
      const result = await clock.pause(() => evaluate(parts, step));
      evaluation = result ?? evaluation;
    }
    if (due.save) await clock.pause(() => save(parts, step));
  }
  const stopped = count.isOver ? null : stop.requested;
  if (stopped) {
    if (history.hasUnread) {
      await history.read();
      log.reached(count.step);
    }
    await save(parts, count.step);
  }
  return { step: count.step, evaluation, stopped };
}

/** What is to be done after a step; all of it after the last one. */
class DueTasks {
  log = false;
  measure = false;
  evaluate = false;
  save = false;
  readonly #parts: LoopParts;
  /** The last step after which all was done that was due. */
  #done: number;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#done = parts.count.step;
  }

  /** Whether anything is due, unless steps were skipped. */
  next(): boolean {
    const { count, intervals, measure, evaluate } = this.#parts;
    const { step } = count, last = count.isOver;
    const every = (interval: number) => last || step % interval === 0;
    // A skipped step does not make the same things due again.
    const isNew = last || step > this.#done;
    this.log = isNew && every(intervals.log);
    this.measure = isNew && !!measure && every(intervals.measure);
    this.evaluate = isNew && !!evaluate && every(intervals.evaluate);
    this.save = isNew && every(intervals.save);
    return this.log || this.measure || this.evaluate || this.save;
  }

  /** As {@linkcode next}, once the history is read; then it is done. */
  now(): boolean {
    const isDue = this.next();
    if (isDue) this.#done = this.#parts.count.step;
    return isDue;
  }
}

/** Measures the untrained weights, on the batch that training starts with. */
async function measureUntrained(parts: LoopParts): Promise<void> {
  const { engine, loader } = parts;
  const { state } = loader;
  await engine.gradient(loader.next());
  loader.restore(state);
  await measure(parts, 0);
}

async function measure(parts: LoopParts, step: number): Promise<void> {
  parts.log.measured(step, await parts.measure!());
}

async function evaluate(
  parts: LoopParts,
  step: number,
): Promise<Evaluation | null> {
  const evaluation = await parts.evaluate!();
  if (!evaluation) return null;
  if (!Number.isFinite(evaluation.loss)) {
    throw await diagnoseEvaluation(parts.engine, evaluation.loss, step);
  }
  parts.log.evaluated(step, evaluation);
  return evaluation;
}

async function save(parts: LoopParts, step: number): Promise<void> {
  try {
    await parts.save(step);
  } catch (error) {
    if (!(error instanceof NonFiniteError)) throw error;
    throw new NonFiniteStepError(step, `its update left ${error.message}`);
  }
}
