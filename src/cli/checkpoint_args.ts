/** Resolves a path on the command line to a trained model. @module */
import { dirname, join } from "node:path";
import {
  findConfig,
  findWeights,
  type SavedWeights,
} from "../checkpoint/find_weights.ts";
import { loadSavedTokenizer } from "../checkpoint/tokenizer_files.ts";
import { loadModel } from "../checkpoint/train_state.ts";
import { type Config, fromYaml } from "../config/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { modelOf } from "../engine/from_config.ts";
import type { InferenceEngine } from "../engine/inference_engine.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { fileError } from "../fs/file_error.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { loadChoices } from "../gpu/tuning_cache.ts";
import type { Model } from "../model/model.ts";
import {
  recordedChoices,
  suggestEarlierCheckpoint,
} from "../train/resume_checks.ts";

/** Saved weights, with the config, tokenizer and model that they belong to. */
export interface TrainedModel {
  /** Folder of the run, or that of `config.yaml` where there is no run. */
  run: string;
  weights: SavedWeights;
  config: Config;
  tokenizer: Tokenizer;
  model: Model;
}

/** What names a trained model, in the help of a command. */
export const TRAINED_HELP =
  `Takes the last checkpoint of a run, any other, or weights alone: a folder with
model.safetensors, or that file. Their config.yaml is that of the run's folder around
them, or lies beside them.`;

/** Help text of {@linkcode openTrainedModel}'s flag. */
export const CONFIG_FILE_HELP =
  `  --config <file>       the config of the weights, where it is elsewhere`;

/**
 * Opens the trained model that `path` names; its weights stay on disk until
 * {@linkcode loadTrainedWeights}.
 *
 * @param path a run, its checkpoints folder, one checkpoint, or weights alone
 * @param configFile the config of the weights, if the user has given it
 * @throws {UserError} if there are no weights, or no config of them
 */
export async function openTrainedModel(
  path: string | undefined,
  configFile?: string,
): Promise<TrainedModel> {
  if (path === undefined) {
    throw new UserError(
      "Cannot start as a run or checkpoint must be given, e.g. runs/mine or runs/mine/checkpoints/step-000500",
    );
  }
  const weights = findWeights(path);
  const file = configFile ?? findConfig(weights);
  let yaml: string;
  try {
    yaml = Deno.readTextFileSync(file);
  } catch (error) {
    throw fileError("read", file, error);
  }
  const config = fromYaml(yaml, file);
  const tokenizer = await loadSavedTokenizer(weights.folder, config);
  const model = modelOf(config, tokenizer.vocabSize);
  return { run: dirname(file), weights, config, tokenizer, model };
}

/**
 * The kernels that the run computed with, if this is the adapter it ran on;
 * for other operations, the fastest kernels in the tuning cache.
 */
export function kernelChoicesFor(
  { run, config }: TrainedModel,
  gpu: Gpu,
): KernelChoices {
  const known = loadChoices(resolveCacheDir(config), gpu);
  const recorded = recordedChoices(join(run, "run.json"), gpu, () => {});
  return { ...known, ...recorded };
}

/**
 * Loads the weights onto the device.
 *
 * @throws {UserError} if they are damaged or belong to another model
 */
export function loadTrainedWeights(
  { run, weights }: TrainedModel,
  engine: InferenceEngine,
): void {
  try {
    loadModel(weights.file, engine);
  } catch (error) {
    throw weights.step === null
      ? error
      : suggestEarlierCheckpoint(error, run, weights.step);
  }
}
