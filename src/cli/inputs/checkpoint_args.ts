/** Resolves a path on the command line to a trained model. @module */
import { dirname, join } from "node:path";
import {
  findConfig,
  findWeights,
  type SavedWeights,
} from "../../checkpoint/find_weights.ts";
import {
  requirePlainCheckpoint,
  requirePlainRun,
} from "../../checkpoint/plain_run.ts";
import { loadSavedTokenizer } from "../../checkpoint/tokenizer_files.ts";
import { loadModel } from "../../checkpoint/train_state.ts";
import type { Config } from "../../config/mod.ts";
import type { Tokenizer } from "../../data/mod.ts";
import { modelOf } from "../../engine/from_config.ts";
import {
  InferenceEngine,
  type InferencePurpose,
} from "../../engine/inference_engine.ts";
import { UserError } from "../../errors.ts";
import { resolveCacheDir } from "../../fs/cache_dir.ts";
import { requirePlain } from "../../fs/plain_file.ts";
import { expandHome } from "../../fs/user_path.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { KernelChoices } from "../../gpu/tuner.ts";
import { loadChoices, saveChoices } from "../../gpu/tuning_cache.ts";
import type { Model } from "../../model/model.ts";
import { TimingProgress } from "../../terminal/timing_progress.ts";
import {
  recordedChoices,
  suggestEarlierCheckpoint,
} from "../../train/resume_checks.ts";
import { type AskedCache, readRunConfig } from "./run_config.ts";

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
 * @param options.cache as in {@linkcode readRunConfig}
 * @param options.config the config of the weights, if the user has given it
 * @throws {UserError} if there are no weights, or no config of them, or files
 * are links
 */
export async function openTrainedModel(
  path: string | undefined,
  { cache, config: given }: { cache: AskedCache; config?: string | undefined },
): Promise<TrainedModel> {
  if (path === undefined) {
    throw new UserError(
      "Cannot start as a run or checkpoint must be given, e.g. runs/mine or runs/mine/checkpoints/step-000500",
    );
  }
  const weights = findWeights(expandHome(path));
  requirePlain(weights.file, "file");
  requirePlainCheckpoint(weights.folder);
  const file = given === undefined ? findConfig(weights) : expandHome(given);
  if (given === undefined) requirePlainRun(dirname(file));
  const config = readRunConfig(file, cache);
  const tokenizer = await loadSavedTokenizer(weights.folder, config);
  const model = modelOf(config, tokenizer.vocabSize);
  return { run: dirname(file), weights, config, tokenizer, model };
}

/**
 * Opens an engine with the kernels that the run computed with, if this is the
 * adapter it ran on. For other operations it takes the fastest kernels of the
 * tuning cache; those that are missing there are timed and added.
 */
export async function openInference(
  { run, config, model }: TrainedModel,
  gpu: Gpu,
  purpose: InferencePurpose,
): Promise<InferenceEngine> {
  const cache = resolveCacheDir(config);
  const recorded = recordedChoices(join(run, "run.json"), gpu, () => {});
  const choices = { ...loadChoices(cache, gpu), ...recorded?.choices };
  const timed: KernelChoices = {}, untimed = recorded?.untimed ?? {};
  for (const key of Object.keys(untimed)) delete choices[key];
  await using progress = new TimingProgress();
  const engine = await InferenceEngine.open(gpu, model, purpose, choices, {
    timed,
    untimed,
    onProgress: (done, total) => progress.at(done, total),
  }, {
    precision: config.train.precision,
    residualPrecision: config.train.residual_precision,
  });
  saveChoices(cache, gpu, timed);
  return engine;
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
