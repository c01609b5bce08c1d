/** Resolves a path on the command line to a trained model. @module */
import { dirname, join } from "node:path";
import {
  type Checkpoint,
  resolveCheckpoint,
} from "../checkpoint/checkpoint_folder.ts";
import {
  requirePlainCheckpoint,
  requirePlainRun,
} from "../checkpoint/plain_run.ts";
import { loadSavedTokenizer } from "../checkpoint/tokenizer_files.ts";
import { loadModel } from "../checkpoint/train_state.ts";
import type { Config } from "../config/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { modelOf } from "../engine/from_config.ts";
import {
  InferenceEngine,
  type InferencePurpose,
} from "../engine/inference_engine.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { expandHome } from "../fs/user_path.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import type { Model } from "../model/model.ts";
import { TimingProgress } from "../terminal/timing_progress.ts";
import {
  recordedChoices,
  suggestEarlierCheckpoint,
} from "../train/resume_checks.ts";
import { type AskedCache, readRunConfig } from "./run_config.ts";

/** A checkpoint, with the config, tokenizer and model of its run. */
export interface TrainedModel {
  /** Folder of the run. */
  run: string;
  checkpoint: Checkpoint;
  config: Config;
  tokenizer: Tokenizer;
  model: Model;
}

/**
 * Opens the trained model that `path` names; its weights stay on disk until
 * {@linkcode loadTrainedWeights}.
 *
 * @param path a run, its checkpoints folder, or one checkpoint
 * @param cache as in {@linkcode readRunConfig}
 * @throws {UserError} if there is no complete checkpoint, or its run has no
 * config, or its files are links
 */
export async function openTrainedModel(
  path: string | undefined,
  cache: AskedCache,
): Promise<TrainedModel> {
  if (path === undefined) {
    throw new UserError(
      "Cannot start as a run or checkpoint must be given, e.g. runs/mine or runs/mine/checkpoints/step-000500",
    );
  }
  const checkpoint = resolveCheckpoint(expandHome(path));
  const run = dirname(dirname(checkpoint.path));
  requirePlainRun(run);
  requirePlainCheckpoint(checkpoint.path);
  const config = readRunConfig(run, cache, (file) =>
    new UserError(
      `Cannot use '${checkpoint.path}' as its run's '${file}' cannot be read: keep checkpoints in their run's folder`,
    ));
  const tokenizer = await loadSavedTokenizer(checkpoint.path, config);
  const model = modelOf(config, tokenizer.vocabSize);
  return { run, checkpoint, config, tokenizer, model };
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
  });
  saveChoices(cache, gpu, timed);
  return engine;
}

/**
 * Loads the checkpoint's weights onto the device.
 *
 * @throws {UserError} if they are damaged or belong to another model
 */
export function loadTrainedWeights(
  trained: TrainedModel,
  engine: InferenceEngine,
): void {
  const { run, checkpoint } = trained;
  try {
    loadModel(checkpoint.path, engine);
  } catch (error) {
    throw suggestEarlierCheckpoint(error, run, checkpoint);
  }
}
