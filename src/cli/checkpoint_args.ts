/** Resolves a path on the command line to a trained model. @module */
import { dirname, join } from "node:path";
import {
  type Checkpoint,
  resolveCheckpoint,
} from "../checkpoint/checkpoint_folder.ts";
import { loadSavedTokenizer } from "../checkpoint/tokenizer_files.ts";
import { loadModel } from "../checkpoint/train_state.ts";
import { type Config, fromYaml } from "../config/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { modelOf } from "../engine/from_config.ts";
import type { InferenceEngine } from "../engine/inference_engine.ts";
import { missingPermission, UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { loadChoices } from "../gpu/tuning_cache.ts";
import type { Model } from "../model/model.ts";
import {
  recordedChoices,
  suggestEarlierCheckpoint,
} from "../train/resume_checks.ts";

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
 * @throws {UserError} if there is no complete checkpoint, or its run has no
 * config
 */
export async function openTrainedModel(
  path: string | undefined,
): Promise<TrainedModel> {
  if (path === undefined) {
    throw new UserError(
      "Cannot start as a run or checkpoint must be given, e.g. runs/mine or runs/mine/checkpoints/step-000500",
    );
  }
  const checkpoint = resolveCheckpoint(path);
  const run = dirname(dirname(checkpoint.path));
  const file = join(run, "config.yaml");
  let yaml: string;
  try {
    yaml = Deno.readTextFileSync(file);
  } catch (error) {
    if (missingPermission(error)) throw error;
    throw new UserError(
      `Cannot use '${checkpoint.path}' as its run's '${file}' cannot be read: keep checkpoints in their run's folder`,
    );
  }
  const config = fromYaml(yaml, file);
  const tokenizer = await loadSavedTokenizer(checkpoint.path, config);
  const model = modelOf(config, tokenizer.vocabSize);
  return { run, checkpoint, config, tokenizer, model };
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
