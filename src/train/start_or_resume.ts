/** Where does a run start: at initial weights, or at a checkpoint? @module */
import { removeCheckpointsAfter } from "../checkpoint/checkpoint_folder.ts";
import { loadTrainState } from "../checkpoint/train_state.ts";
import { printConfig } from "../config/mod.ts";
import {
  type BatchLoader,
  openBatchLoader,
} from "../data/loader/batch_loader.ts";
import { openSplits, type TokenSplit } from "../data/mod.ts";
import { initialiseWeights } from "../engine/initial_weights.ts";
import type { TrainEngine } from "../engine/train_engine.ts";
import type { StepCountStart } from "../engine/train_settings.ts";
import { markCache, resolveCacheDir } from "../fs/cache_dir.ts";
import { absolutePath } from "../fs/user_path.ts";
import { parameterCount } from "../model/model.ts";
import { MetricsLog } from "../run_folder/metrics_log.ts";
import { VERSION } from "../version.ts";
import type { StartingPoint } from "./loop.ts";
import type { RunDevice } from "./open_device.ts";
import type { Run } from "./open_run.ts";
import type { RunInputs } from "./resolve_inputs.ts";
import { fromCheckpoint, lastElapsed } from "./resume_checks.ts";

/** A run that is ready for its next step. */
export interface StartedRun extends StartingPoint, Disposable {
  loader: BatchLoader;
  /** Held-out sequences, if there are any. */
  valid: TokenSplit | null;
  metrics: MetricsLog;
}

/**
 * Writes a new run's config and facts, opens its batches, and gives the engine
 * its weights.
 *
 * @throws {UserError} where files cannot be read or written, or are not the
 *   model's
 */
export async function startOrResume(
  run: Run,
  inputs: RunInputs,
  device: RunDevice,
): Promise<StartedRun> {
  const { folder } = run, { config, data, model, settings } = inputs;
  if (!inputs.checkpoint) writeFacts(run, inputs, device);
  using stack = new DisposableStack();
  const valid = data.valid.length > 0
    ? stack.adopt(
      openSplits(data.valid.map((p) => p.location)),
      (s) => s.close(),
    )
    : null;
  const loader = stack.use(
    await openBatchLoader({
      parts: data.train,
      seed: config.seed,
      batchSize: settings.batchSize,
      accumulation: settings.accumulation,
      vocabSize: model.vocabSize,
      ignoreId: data.ignoreId,
      shortSteps: settings.epoch !== null,
    }),
  );
  const { step, skipped } = loadState(run, inputs, device.engine, loader);
  const file = folder.path("metrics.jsonl");
  // A run from its start writes its statistics of step 0 again.
  const metrics = stack.use(MetricsLog.open(file, step || -1));
  const elapsed = lastElapsed(file);
  const resources = stack.move();
  return {
    step,
    skipped,
    elapsed,
    loader,
    valid,
    metrics,
    [Symbol.dispose]: () => resources.dispose(),
  };
}

/** Writes `config.yaml` and `run.json`. */
function writeFacts(
  { dir, folder }: Run,
  { config, data, model }: RunInputs,
  { gpu, engine, untimed }: RunDevice,
): void {
  const { choices, plans } = engine;
  const { accumulation } = plans.options;
  markCache(resolveCacheDir(config));
  folder.writeConfig(printConfig({ ...config, run: absolutePath(dir) }));
  folder.writeInfo({
    version: VERSION,
    adapter: gpu.info,
    kernels: choices,
    ...Object.keys(untimed).length > 0 ? { kernels_untimed: untimed } : {},
    data: { fingerprint: data.fingerprint, tokenizer: data.tokenizer.name },
    parameters: parameterCount(model),
    memory: plans.memory,
    flops_per_step: accumulation * plans.micro.flops + plans.update.flops,
  });
}

/**
 * Gives engine and loader the state of the checkpoint, or the initial one.
 *
 * @returns optimizer steps done
 */
function loadState(
  { dir, resume, say }: Run,
  { config, checkpoint }: RunInputs,
  engine: TrainEngine,
  loader: BatchLoader,
): StepCountStart {
  if (!checkpoint) {
    if (resume) say("no checkpoint yet: starting from the first step");
    initialiseWeights(engine, config.seed);
    return { step: 0, skipped: 0 };
  }
  const { step, sampler, skipped = 0 } = fromCheckpoint(
    dir,
    checkpoint,
    (path) => loadTrainState(path, engine),
  );
  loader.restore(sampler);
  // Later checkpoints belong to the abandoned branch of the run.
  removeCheckpointsAfter(dir, step);
  say(`resuming after step ${step}`);
  return { step, skipped };
}
