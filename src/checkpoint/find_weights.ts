/**
 * Where are a trained model's weights, and the config that says what they are?
 * A checkpoint has them, also without the optimizer's state, outside its run's
 * folder and under another name; so does a single file.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { exists, fileError } from "../fs/file_error.ts";
import { shortPath } from "../fs/user_path.ts";
import { quoted } from "../terminal/quote.ts";
import {
  holdsWeightsAlone,
  listCheckpoints,
  listFolder,
  MODEL_FILE,
  readState,
  resolveCheckpoint,
  stepName,
  WEIGHTS_ALONE,
  WEIGHTS_SUFFICE,
} from "./checkpoint_folder.ts";

/** Weights on disk. */
export interface SavedWeights {
  /** The file, with tensors in the authors' names. */
  readonly file: string;
  /** Its folder, where the tokenizer's files are. */
  readonly folder: string;
  /** Optimizer steps done; null where they are not known. */
  readonly step: number | null;
}

/**
 * Finds the weights that a path names: the latest of a run's folder or of its
 * `checkpoints` folder, a folder that has them, or a safetensors file.
 *
 * @throws {UserError} if there are none, or the run's last checkpoint is
 *   damaged
 */
export function findWeights(path: string): SavedWeights {
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(path).isDirectory;
  } catch (error) {
    throw fileError("use checkpoint", path, error);
  }
  if (!isFolder && path.endsWith(".safetensors")) {
    return { file: path, folder: dirname(path), step: stepOf(path) };
  }
  const alone = isFolder ? folderWithWeights(path) : null;
  const folder = alone ?? resolveCheckpoint(path).path;
  const file = join(folder, MODEL_FILE);
  return { file, folder, step: stepOf(file) };
}

/** The folder itself, or the run's last checkpoint if it is weights alone. */
function folderWithWeights(path: string): string | null {
  if (exists(join(path, MODEL_FILE))) return path;
  const last = listCheckpoints(path).at(-1) ?? listFolder(path).at(-1);
  return last && holdsWeightsAlone(last.path) ? last.path : null;
}

/** Steps that a checkpoint's file has seen, by its folder's name or state. */
function stepOf(file: string): number | null {
  if (basename(file) !== MODEL_FILE) return null;
  const folder = resolve(dirname(file));
  const named = /^(?:\.old-\d+-)?step-(\d+)$/.exec(basename(folder))?.[1];
  if (named) return Number(named);
  try {
    const { step } = readState(folder);
    return Number.isSafeInteger(step) ? Number(step) : null;
  } catch {
    // Weights do not depend on it.
    return null;
  }
}

/**
 * The `config.yaml` of saved weights: in their folder, the folder around it, or
 * that of the run, whichever is nearest.
 *
 * @returns its path, as messages show it
 * @throws {UserError} if there is none
 */
export function findConfig({ file, folder }: SavedWeights): string {
  // A link to a checkpoint lies elsewhere than its run.
  for (const start of [resolve(folder), Deno.realPathSync(folder)]) {
    for (const place of [start, dirname(start), dirname(dirname(start))]) {
      const config = join(place, "config.yaml");
      if (exists(config)) return shortPath(config);
    }
  }
  throw new UserError(
    `Cannot use ${
      quoted(file)
    } as there is no 'config.yaml' beside it or in a run's folder above it: copy that of its run there, or give it with --config <file>`,
  );
}

/**
 * Refuses a path to resume from that names weights in place of a run.
 *
 * @throws {UserError} that says what is there and what to do
 */
export function requireNoLooseWeights(path: string): void {
  let isFile: boolean;
  try {
    isFile = !Deno.statSync(path).isDirectory;
  } catch {
    // What is wrong with a run's folder is reported where it is opened.
    return;
  }
  if (isFile ? !path.endsWith(".safetensors") : !isLooseCheckpoint(path)) {
    return;
  }
  const step = isFile ? null : stepOf(join(path, MODEL_FILE));
  const name = step === null ? "step-<steps>" : stepName(step);
  throw new UserError(
    isFile || holdsWeightsAlone(path)
      ? `Cannot resume from ${
        quoted(path)
      } as ${WEIGHTS_ALONE}: give a run's folder, or start a new run; ${WEIGHTS_SUFFICE}`
      : `Cannot resume from ${
        quoted(path)
      } as a checkpoint must be in its run's folder, under its name 'checkpoints/${name}': put it there, or start a new run; 'eval' and 'generate' take it as it is`,
  );
}

const isLooseCheckpoint = (folder: string) =>
  exists(join(folder, MODEL_FILE)) && !exists(join(folder, "checkpoints"));
