/**
 * In what order does a training run happen? Folder, inputs, device, start or
 * resume, loop: each step returns what the later ones need, and what it holds
 * is released in reverse order however the run ends.
 * @module
 */
import {
  listCheckpoints,
  saveCheckpoint,
} from "../checkpoint/checkpoint_folder.ts";
import { saveTokenizer } from "../checkpoint/tokenizer_files.ts";
import { type TrainState, writeTrainState } from "../checkpoint/train_state.ts";
import { logsBits } from "../config/mod.ts";
import type { TokenSplit } from "../data/mod.ts";
import { checkSupported } from "../engine/from_config.ts";
import { StepCount, tokensAfter } from "../engine/train_settings.ts";
import { UserError } from "../errors.ts";
import type { LossScalingState } from "../optim/loss_scaling.ts";
import { Progress } from "../terminal/progress_bar.ts";
import { quoted } from "../terminal/quote.ts";
import { evaluate } from "./evaluate.ts";
import { type LoopParts, trainLoop, type TrainResult } from "./loop.ts";
import { NonFiniteStepError } from "./non_finite_step.ts";
import { openDevice, type RunDevice } from "./open_device.ts";
import { openRun, type Run, type RunOptions } from "./open_run.ts";
import { resolveInputs, type RunInputs } from "./resolve_inputs.ts";
import { RunLog } from "./run_log.ts";
import { StopRequest, type StopSignal } from "./signals.ts";
import { type StartedRun, startOrResume } from "./start_or_resume.ts";

/**
 * Trains, or continues training.
 *
 * @returns how it ended; everything else is in the run's folder
 * @throws {UserError} where config, data, device or disk do not allow it, and
 *   where training meets values that are not finite
 */
export async function trainRun(options: RunOptions): Promise<TrainResult> {
  checkSupported(options.config);
  using run = await openRun(options);
  const inputs = await resolveInputs(run);
  using device = await openDevice(run, inputs);
  using start = await startOrResume(run, inputs, device);
  return await train(run, inputs, device, start);
}

/**
 * Runs the loop. The first signal asks it to save and stop.
 *
 * @throws {UserError} at the first step that is not finite
 */
async function train(
  { dir }: Run,
  { config, data, model, settings }: RunInputs,
  { engine }: RunDevice,
  start: StartedRun,
): Promise<TrainResult> {
  const { loader, valid, metrics } = start;
  const inBits = logsBits(config.model);
  const count = new StepCount(settings, start);
  // Steps are logged and saved once they are read: none is unknown.
  const tokens = () => tokensAfter(settings, count.drawn);
  await using progress = new Progress({
    label: "step",
    total: settings.totalSteps,
    start: start.step,
    inBits,
  });
  using stop = await StopRequest.listen(finishing);
  const evaluateHeldOut = (split: TokenSplit) =>
    evaluate(
      engine,
      split,
      {
        batchSize: settings.evalBatchSize,
        vocabSize: model.vocabSize,
        ignoreId: data.ignoreId,
      },
      config.train.max_eval_batches,
      () => stop.requested !== null,
    );
  const stateAfter = async (step: number): Promise<TrainState> => {
    const scaling = await engine.lossScaling();
    return {
      format: 1,
      step,
      tokens: tokens(),
      seed: config.seed,
      sampler: loader.state,
      schedule: settings.schedule,
      data: data.fingerprint,
      // The host's count: a run without loss scaling may have skipped earlier.
      ...count.skipped > 0 ? { skipped: count.skipped } : {},
      ...scaling ? { loss_scaling: withoutSkipped(scaling) } : {},
    };
  };
  const save = async (step: number) => {
    metrics.sync();
    const state = await stateAfter(step);
    await saveCheckpoint(dir, step, async (path) => {
      await writeTrainState(path, engine, state);
      saveTokenizer(path, data.tokenizer);
    }, config.train.keep);
  };
  const parts: LoopParts = {
    engine,
    loader,
    settings,
    count,
    intervals: {
      log: config.train.log_steps,
      evaluate: config.train.eval_steps,
      save: config.train.save_steps,
      measure: config.report_every,
    },
    log: new RunLog(metrics, progress, tokens, inBits),
    stop,
    evaluate: valid ? () => evaluateHeldOut(valid) : undefined,
    measure: engine.plans.report && (() => engine.report()),
    save,
  };
  try {
    return await trainLoop(parts, start);
  } catch (error) {
    throw error instanceof NonFiniteStepError
      ? trainingStopped(error, dir)
      : error;
  }
}

const withoutSkipped = ({ skipped: _, ...state }: LossScalingState) => state;

/** What the user sees at the first signal. */
function finishing(signal: StopSignal): string {
  const lineStart = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
  const again = signal === "SIGHUP"
    ? ""
    : "; send it again to quit immediately";
  return `${lineStart}${signal}: finishing the step and saving${again}\n`;
}

function trainingStopped(
  { step, message, remedy }: NonFiniteStepError,
  dir: string,
): UserError {
  const last = listCheckpoints(dir).at(-1);
  const checkpoint = last
    ? `the last good checkpoint is ${quoted(last.path)}`
    : "there is no checkpoint yet";
  return new UserError(
    `Training stopped at step ${step}: ${message}; ${checkpoint}: ${remedy}`,
  );
}
