/**
 * May a run be resumed? What must be as it was, and what to report where it is
 * not.
 * @module
 */
import {
  type Checkpoint,
  listCheckpoints,
} from "../checkpoint/checkpoint_folder.ts";
import type { TrainState } from "../checkpoint/train_state.ts";
import type { Config } from "../config/mod.ts";
import type { TrainSettings } from "../engine/train_settings.ts";
import { UserError } from "../errors.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { readMetrics } from "../run_folder/metrics_log.ts";
import { quoted } from "../terminal/quote.ts";

/**
 * The kernels that a run has recorded, or null where they are not known or are
 * of another adapter.
 */
export function recordedChoices(
  path: string,
  gpu: Gpu,
  say: (line: string) => void,
): KernelChoices | null {
  try {
    const { adapter, kernels } = JSON.parse(readSmallText(path));
    if (adapter.description === gpu.info.description) return kernels;
    say(
      `this run was started on ${adapter.description}: on this adapter results differ in the last bits`,
    );
  } catch {
    say(`'${path}' cannot be read: kernels are chosen again`);
  }
  return null;
}

/**
 * Checks that the next step is the one that would have followed.
 *
 * @param fingerprint of the current data
 * @throws {UserError} where data or seed have changed
 */
export function checkResumable(
  dir: string,
  state: TrainState,
  config: Config,
  settings: TrainSettings,
  fingerprint: string,
  say: (line: string) => void,
): void {
  if (state.data !== fingerprint) {
    throw new UserError(
      `Cannot resume ${
        quoted(dir)
      } as its data must be what it was: text or tokenizer have changed since; start a new run`,
    );
  }
  if (state.seed !== config.seed) {
    throw new UserError(
      `Cannot resume ${
        quoted(dir)
      } as 'seed' must be what it was: got ${config.seed} in its config.yaml and ${state.seed} in the checkpoint; start a new run`,
    );
  }
  const keys = Object.keys(
    settings.schedule,
  ) as (keyof TrainSettings["schedule"])[];
  if (keys.some((key) => settings.schedule[key] !== state.schedule[key])) {
    say(
      "its config.yaml was changed: from here on the new schedule applies",
    );
  }
}

/** Seconds of training, by the last log line of the metrics. */
export function lastElapsed(path: string): number {
  return readMetrics(path).findLast((r) => r.elapsed !== undefined)?.elapsed ??
    0;
}

/** Adds the checkpoint before a bad one to the error that reports it. */
export function suggestEarlierCheckpoint(
  error: unknown,
  runDir: string,
  checkpoint: Checkpoint,
): unknown {
  if (!(error instanceof UserError)) return error;
  const before = listCheckpoints(runDir)
    .findLast(({ step }) => step < checkpoint.step);
  return before
    ? new UserError(
      `${error.message}; the one before it is ${quoted(before.path)}`,
      { cause: error },
    )
    : error;
}

/**
 * Reads from a checkpoint.
 *
 * @throws {UserError} what `read` throws, with the checkpoint to go back to
 */
export function fromCheckpoint<T>(
  runDir: string,
  checkpoint: Checkpoint,
  read: (path: string) => T,
): T {
  try {
    return read(checkpoint.path);
  } catch (error) {
    throw suggestEarlierCheckpoint(error, runDir, checkpoint);
  }
}
