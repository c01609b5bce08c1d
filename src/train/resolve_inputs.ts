/**
 * What does a run train, on what, and for how long? Known before a device
 * opens.
 * @module
 */
import { join } from "node:path";
import {
  type Checkpoint,
  latestCheckpoint,
  resolveCheckpoint,
} from "../checkpoint/checkpoint_folder.ts";
import {
  checkSameTokenizer,
  loadSavedTokenizer,
} from "../checkpoint/tokenizer_files.ts";
import { readTrainState } from "../checkpoint/train_state.ts";
import type { Config } from "../config/mod.ts";
import type { Tokenizer } from "../data/mod.ts";
import { modelOf } from "../engine/from_config.ts";
import { type TrainSettings, trainSettings } from "../engine/train_settings.ts";
import type { Model } from "../model/model.ts";
import { tellData } from "./data/tell_data.ts";
import { openData, tokenizerOf, type TrainingData } from "./open_data.ts";
import type { Run } from "./open_run.ts";
import { pinData } from "./pin_data.ts";
import {
  checkResumable,
  fromCheckpoint,
  openRunData,
} from "./resume_checks.ts";
import { exitOnSignal } from "./signals.ts";

/** Everything that decides what a run computes. */
export interface RunInputs {
  config: Config;
  /** The checkpoint that the run resumes from. */
  checkpoint: Checkpoint | null;
  data: TrainingData;
  /** Training sequences. */
  sequences: number;
  model: Model;
  settings: TrainSettings;
}

/**
 * Prepares the data and builds the model. A signal ends the process at once:
 * what was prepared is found again in the cache.
 *
 * @throws {UserError} where a checkpoint, tokenizer, text or model is refused
 */
export async function resolveInputs(run: Run): Promise<RunInputs> {
  const { config, checkpoint, saved, data } = await readInputs(run);
  const { tokenizer, fingerprint } = data;
  if (checkpoint) checkSameTokenizer(checkpoint.path, saved!, tokenizer);
  const model = modelOf(config, tokenizer.vocabSize);
  const sequences = data.train.reduce((sum, part) => sum + part.sequences, 0);
  const settings = trainSettings(config, sequences);
  if (checkpoint) {
    const state = fromCheckpoint(run.dir, checkpoint, readTrainState);
    checkResumable(run.dir, state, config, settings, fingerprint, run.say);
  }
  return { config, checkpoint, data, sequences, model, settings };
}

async function readInputs(run: Run) {
  const { dir, resume, from, say } = run;
  using _ = exitOnSignal(() => run[Symbol.dispose]());
  const checkpoint = !resume
    ? null
    : from
    ? resolveCheckpoint(from)
    : latestCheckpoint(dir);
  const config = resume ? run.config : await pinData(run.config, say);
  const saved = await tokenizerBeforeData(config, checkpoint);
  // Before any text is read: an impossible model is reported without delay.
  if (saved) modelOf(config, saved.vocabSize);
  const file = join(dir, "config.yaml"), options = { say, tokenizer: saved };
  const recorded = checkpoint
    ? fromCheckpoint(dir, checkpoint, readTrainState).data
    : undefined;
  const data = resume
    ? await openRunData(config, file, {
      ...options,
      recorded,
      existingRun: true,
    })
    : await openData(config, options);
  tellData(config, data.stores, say);
  return { config, checkpoint, saved, data };
}

/** The tokenizer, unless only the data knows it, as a new run on fairseq's. */
async function tokenizerBeforeData(
  config: Config,
  checkpoint: Checkpoint | null,
): Promise<Tokenizer | undefined> {
  if (checkpoint) return await loadSavedTokenizer(checkpoint.path, config);
  if (config.data.name === "fairseq") return undefined;
  return await tokenizerOf(config);
}
