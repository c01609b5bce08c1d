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
import { holdsNames } from "../data/scan/fingerprint.ts";
import type { TrainSettings } from "../engine/train_settings.ts";
import { UserError } from "../errors.ts";
import { readPlainText } from "../fs/plain_file.ts";
import { shortPath } from "../fs/user_path.ts";
import type { Gpu } from "../gpu/device.ts";
import { UNKNOWN_DRIVER } from "../gpu/driver.ts";
import { asChoices, type KernelChoices } from "../gpu/tuner.ts";
import { readMetrics } from "../run_folder/metrics_log.ts";
import { NAME_LENGTH, oneLine, quoted } from "../terminal/quote.ts";
import {
  openData,
  type OpenDataOptions,
  type TrainingData,
} from "./open_data.ts";

/** The kernels that a run has recorded. */
export interface RecordedChoices {
  choices: KernelChoices;
  /** Those that were not timed. */
  untimed: KernelChoices;
}

/**
 * The kernels that a run has recorded, or null where they are not known or are
 * of another adapter. Another driver keeps them: its bits may differ, but less
 * than those of other kernels.
 */
export function recordedChoices(
  path: string,
  gpu: Gpu,
  say: (line: string) => void,
): RecordedChoices | null {
  try {
    const { adapter, kernels, kernels_untimed: untimed } = JSON.parse(
      readPlainText(path),
    );
    const { description, driver } = gpu.info;
    if (adapter.description !== description) {
      say(
        `this run was started on ${
          named(adapter.description)
        }: on this adapter results differ in the last bits`,
      );
      return null;
    }
    if (
      isKnown(adapter.driver) && isKnown(driver) && adapter.driver !== driver
    ) {
      say(
        `this run was started with the driver ${
          named(adapter.driver)
        }: with ${driver} results may differ in the last bits`,
      );
    }
    return { choices: asChoices(kernels), untimed: asChoices(untimed) };
  } catch {
    say(`'${path}' cannot be read: kernels are chosen again`);
  }
  return null;
}

/** A name from a file that others may have written. */
const named = (text: unknown) => oneLine(String(text), NAME_LENGTH);

/** Whether a driver is named; runs of earlier versions do not name it. */
const isKnown = (driver: unknown): boolean =>
  typeof driver === "string" && driver !== UNKNOWN_DRIVER;

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
    const named = config.data.name === "files" &&
      holdsNames(state.data);
    throw new UserError(
      `Cannot resume ${
        quoted(dir)
      } as its data must be what it was: text or tokenizer have changed since; start a new run${
        named ? ", or resume this old one in the folder where it was begun" : ""
      }`,
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

/**
 * {@linkcode openData} for a run that exists.
 *
 * @param file its `config.yaml`, which a message about a missing file names
 */
export async function openRunData(
  config: Config,
  file: string,
  options: OpenDataOptions,
): Promise<TrainingData> {
  try {
    return await openData(config, options);
  } catch (error) {
    if (!(error instanceof UserError && error.isMissing)) throw error;
    const { recorded } = options;
    const old = recorded !== undefined && holdsNames(recorded);
    throw new UserError(
      `${error.message} (${
        shortPath(file)
      } names it: if it was moved, change the path there${
        old
          ? "; paths of this old run start in the folder where it was begun"
          : ""
      })`,
      { cause: error },
    );
  }
}

/** Seconds of training, by the last log line of the metrics. */
export function lastElapsed(path: string): number {
  return readMetrics(path).findLast((r) => r.elapsed !== undefined)?.elapsed ??
    0;
}

/** Adds the checkpoint before that of `step` to the error that reports it. */
export function suggestEarlierCheckpoint(
  error: unknown,
  runDir: string,
  step: number,
): unknown {
  if (!(error instanceof UserError)) return error;
  const before = listCheckpoints(runDir).findLast((c) => c.step < step);
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
    throw suggestEarlierCheckpoint(error, runDir, checkpoint.step);
  }
}
