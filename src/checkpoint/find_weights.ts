/**
 * Where are a trained model's weights, and the config that says what they are?
 * A checkpoint has them, also without the optimizer's state, outside its run's
 * folder and under another name; so does a single file.
 * @module
 */
import { basename, dirname, join, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { exists, fileError } from "../fs/file_error.ts";
import { quoted } from "../terminal/quote.ts";
import {
  holdsWeightsAlone,
  listCheckpoints,
  listFolder,
  readState,
  resolveCheckpoint,
} from "./checkpoint_folder.ts";

/** Weights on disk. */
export interface SavedWeights {
  /** The file, with tensors in the authors' names. */
  readonly file: string;
  /** Its folder, where the tokenizer's files are. */
  readonly folder: string;
  /** Optimizer steps done; null where nothing tells. */
  readonly step: number | null;
}

/**
 * Finds the weights that a path names: the latest of a run's folder or of its
 * `checkpoints` folder, a checkpoint's folder, whole or with weights alone, or
 * a safetensors file.
 *
 * @throws {UserError} if there are none, or the checkpoint is damaged
 */
export function findWeights(path: string): SavedWeights {
  let isFolder: boolean;
  try {
    isFolder = Deno.statSync(path).isDirectory;
  } catch (error) {
    throw fileError("use checkpoint", path, error);
  }
  if (!isFolder && path.endsWith(".safetensors")) {
    return weightsIn(dirname(path), path);
  }
  const alone = isFolder ? lastWithWeightsAlone(path) : null;
  if (alone !== null) return weightsIn(alone, join(alone, MODEL_FILE));
  const whole = resolveCheckpoint(path);
  return {
    file: join(whole.path, MODEL_FILE),
    folder: whole.path,
    step: whole.step,
  };
}

const MODEL_FILE = "model.safetensors";

/** The folder that a path names, where it holds weights alone. */
function lastWithWeightsAlone(path: string): string | null {
  const last = exists(join(path, MODEL_FILE))
    ? path
    : (listCheckpoints(path).at(-1) ?? listFolder(path).at(-1))?.path;
  return last !== undefined && holdsWeightsAlone(last) ? last : null;
}

/** Weights of which only the file is known to be there. */
function weightsIn(folder: string, file: string): SavedWeights {
  const named = /^step-(\d+)$/.exec(basename(resolve(folder)))?.[1];
  if (basename(file) !== MODEL_FILE) return { file, folder, step: null };
  if (named) return { file, folder, step: Number(named) };
  const step = exists(join(folder, "state.json"))
    ? readState(folder).step
    : null;
  return {
    file,
    folder,
    step: Number.isSafeInteger(step) ? Number(step) : null,
  };
}

/**
 * The `config.yaml` of saved weights: in their folder, the folder around it, or
 * that of the run, whichever is nearest.
 *
 * @throws {UserError} if there is none
 */
export function findConfig({ file, folder }: SavedWeights): string {
  // A link to a checkpoint lies elsewhere than its run.
  for (const start of [resolve(folder), Deno.realPathSync(folder)]) {
    for (const place of [start, dirname(start), dirname(dirname(start))]) {
      const config = join(place, "config.yaml");
      if (exists(config)) return config;
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
  if (!exists(path)) return;
  const isFile = !Deno.statSync(path).isDirectory;
  if (isFile ? !path.endsWith(".safetensors") : !isLooseCheckpoint(path)) {
    return;
  }
  throw new UserError(
    isFile || holdsWeightsAlone(path)
      ? `Cannot resume from ${
        quoted(path)
      } as it holds weights alone, without an optimizer's state to continue from: give a run's folder, or start a new run; 'eval' and 'generate' need no more than weights`
      : `Cannot resume from ${
        quoted(path)
      } as a checkpoint must be in its run's folder, under its name 'checkpoints/step-${
        stepOf(path)
      }': put it there, or start a new run; 'eval' and 'generate' take it as it is`,
  );
}

const isLooseCheckpoint = (folder: string) =>
  exists(join(folder, MODEL_FILE)) && !exists(join(folder, "checkpoints"));

function stepOf(folder: string): string {
  const { step } = weightsIn(folder, join(folder, MODEL_FILE));
  return step === null ? "<steps>" : String(step).padStart(6, "0");
}
