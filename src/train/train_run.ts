/**
 * A training run from its config to its last checkpoint: data, device, model,
 * folder, loop.
 * @module
 */
import { dirname, resolve } from "node:path";
import { type Config, printConfig } from "../config/mod.ts";
import { openSplits } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import { parameterCount } from "../model/model.ts";
import { VERSION } from "../version.ts";
import { modelOf, refuseUnbuilt, stepPlansOf } from "../engine/from_config.ts";
import {
  type Checkpoint,
  latestCheckpoint,
  listCheckpoints,
  removeCheckpointsAfter,
  resolveCheckpoint,
  saveCheckpoint,
} from "../checkpoint/checkpoint_folder.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { openData, tokenizerOf } from "./open_data.ts";
import { evaluate } from "./evaluate.ts";
import {
  type EvalBatchOptions,
  openBatchLoader,
} from "../data/loader/batch_loader.ts";
import { exists, quoted } from "../fs/atomic_file.ts";
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import {
  checkSameTokenizer,
  loadSavedTokenizer,
  saveTokenizer,
} from "../checkpoint/tokenizer_files.ts";
import { trainLoop, type TrainResult } from "./loop.ts";
import { MetricsLog } from "../run_folder/metrics_log.ts";
import { pinData } from "./pin_data.ts";
import { Progress } from "../terminal/progress_bar.ts";
import type { StepPlans } from "../engine/step_plans.ts";
import {
  checkResumable,
  lastElapsed,
  recordedChoices,
  suggestEarlierCheckpoint,
} from "./resume_checks.ts";
import { openRunFolder } from "../run_folder/run_folder.ts";
import { TrainEngine } from "../engine/train_engine.ts";
import { trainSettings } from "../engine/train_settings.ts";
import { exitOnSignal, StopRequest } from "./signals.ts";
import {
  loadTrainState,
  readTrainState,
  type TrainState,
  writeTrainState,
} from "../checkpoint/train_state.ts";
import { initialiseWeights } from "../engine/initial_weights.ts";

/** What a run is started with. */
export interface RunOptions {
  config: Config;
  /** Folder of the run. */
  dir: string;
  /** Go on with the run that is there. */
  resume: boolean;
  /** The checkpoint to go on from; its last one if absent. */
  from?: string | undefined;
  /** Tells the user something, a line at a time. */
  say(line: string): void;
}

/** Trains. Returns how it ended; the folder holds everything else. */
export async function trainRun(options: RunOptions): Promise<TrainResult> {
  const { dir, resume, say } = options;
  refuseUnbuilt(options.config);
  // Taken before the text is read: a folder in use is better told at once.
  using traces = removeIfEmpty(dir);
  using folder = await openRunFolder(dir, { resume });
  using reading = exitOnSignal(() => {
    folder[Symbol.dispose]();
    traces[Symbol.dispose]();
  });
  const checkpoint = !resume
    ? null
    : options.from
    ? resolveCheckpoint(options.from)
    : latestCheckpoint(dir);
  const config = resume ? options.config : await pinData(options.config, say);
  // Before any text is read: what is wrong with the model is better told at once.
  const kept = checkpoint
    ? await loadSavedTokenizer(checkpoint.path, config)
    : config.data.name === "fairseq"
    ? undefined
    : await tokenizerOf(config);
  if (kept) modelOf(config, kept.vocabSize);
  const data = await openData(config, { say, tokenizer: kept });
  // What comes now is not found again on disk.
  reading[Symbol.dispose]();
  const { tokenizer } = data;
  if (checkpoint) checkSameTokenizer(checkpoint.path, kept!, tokenizer);
  const model = modelOf(config, tokenizer.vocabSize);
  const sequences = data.train.reduce((sum, part) => sum + part.sequences, 0);
  const settings = trainSettings(config, sequences);
  const accumulation = config.train.gradient_accumulation_steps;
  if (checkpoint) {
    const facts = fromCheckpoint(dir, checkpoint, readTrainState);
    checkResumable(dir, facts, config, settings, data.fingerprint, say);
  }
  const gpu = await openGpu();
  try {
    const plans = stepPlansOf(config, model, settings, gpu.limits);
    const { total } = parameterCount(model);
    say(
      `${formatCount(total)} parameters · ${
        formatBytes(plans.memory.total)
      } on ${gpu.name}`,
    );
    say(
      `${
        formatCount(sequences * model.sequenceLength)
      } training tokens (${tokenizer.name}), ${settings.totalSteps} steps of ${
        formatCount(settings.tokensPerStep)
      } · run ${dir}`,
    );
    let choices = resume
      ? recordedChoices(folder.path("run.json"), gpu, say)
      : null;
    choices ??= loadChoices(resolveCacheDir(config), gpu);
    const engine = await openSession(gpu, plans, choices, say);
    saveChoices(resolveCacheDir(config), gpu, choices);
    if (!checkpoint) {
      folder.writeConfig(printConfig({ ...config, run: dir }));
      folder.writeInfo({
        version: VERSION,
        adapter: gpu.info,
        kernels: choices,
        data: { fingerprint: data.fingerprint, tokenizer: tokenizer.name },
        parameters: parameterCount(model),
        memory: plans.memory,
        flops_per_step: accumulation * plans.micro.flops +
          plans.update.flops,
      });
    }
    using valid = closing(
      data.valid.length > 0 ? openSplits(data.valid.map((p) => p.ref)) : null,
    );
    const batchOptions = {
      batchSize: config.train.device_train_batch_size,
      vocabSize: model.vocabSize,
      ignoreId: data.ignoreId,
    };
    using loader = await openBatchLoader({
      ...batchOptions,
      parts: data.train,
      seed: config.seed,
      accumulation,
    });
    let step = 0;
    if (checkpoint) {
      const state = fromCheckpoint(
        dir,
        checkpoint,
        (path) => loadTrainState(path, engine),
      );
      loader.restore(state.sampler);
      step = state.step;
      // Those after it belong to a way that is not gone again.
      removeCheckpointsAfter(dir, step);
      say(`resuming after step ${step}`);
    } else {
      if (resume) say("no checkpoint yet: starting from the first step");
      initialiseWeights(engine, config.seed);
    }
    // A run from its start writes its report on step 0 again.
    using metrics = MetricsLog.open(folder.path("metrics.jsonl"), step || -1);
    const elapsed = lastElapsed(folder.path("metrics.jsonl"));
    await using progress = new Progress({
      label: "step",
      total: settings.totalSteps,
      start: step,
    });
    using stop = await StopRequest.listen((signal) =>
      `${
        Deno.stderr.isTerminal() ? "\r\x1b[K" : ""
      }${signal}: finishing the step and saving; once more to quit at once\n`
    );
    const evalOptions: EvalBatchOptions = {
      ...batchOptions,
      batchSize: config.train.device_eval_batch_size,
    };
    const stateOf = (step: number): TrainState => ({
      format: 1,
      step,
      tokens: step * settings.tokensPerStep,
      seed: config.seed,
      sampler: loader.state,
      schedule: settings.schedule,
      data: data.fingerprint,
    });
    return await trainLoop(
      {
        session: engine,
        feed: loader,
        settings,
        metrics,
        progress,
        stop,
        evaluate: valid.split === null ? undefined : () =>
          evaluate(
            engine,
            valid.split!,
            evalOptions,
            config.train.max_eval_batches,
            () => stop.requested !== null,
          ),
        report: plans.report && (() => engine.report()),
        async save(step) {
          metrics.sync();
          await saveCheckpoint(
            dir,
            step,
            async (path) => {
              await writeTrainState(path, engine, stateOf(step));
              saveTokenizer(path, tokenizer);
            },
            config.train.keep,
          );
        },
        describeLastCheckpoint() {
          const last = listCheckpoints(dir).at(-1);
          return last
            ? `the last good checkpoint is ${quoted(last.path)}`
            : "there is no checkpoint yet";
        },
      },
      {
        logSteps: config.train.log_steps,
        evalSteps: config.train.eval_steps,
        saveSteps: config.train.save_steps,
        reportSteps: config.report_every,
        maxGradNorm: config.train.max_grad_norm,
      },
      step,
      elapsed,
    );
  } finally {
    gpu.close();
  }
}

/** Removes the folders that a run has made, should it end before anything is in them. */
function removeIfEmpty(dir: string): Disposable {
  const made: string[] = [];
  for (let at = resolve(dir); !exists(at); at = dirname(at)) made.push(at);
  return {
    [Symbol.dispose]() {
      try {
        for (const path of made) Deno.removeSync(path);
      } catch {
        // Something is in it: the run has begun.
      }
    },
  };
}

function fromCheckpoint<T>(
  dir: string,
  checkpoint: Checkpoint,
  read: (path: string) => T,
): T {
  try {
    return read(checkpoint.path);
  } catch (error) {
    throw suggestEarlierCheckpoint(error, dir, checkpoint);
  }
}

/**
 * Opens a session, saying so where kernels are timed first.
 *
 * @throws {UserError} if it needs more memory than there is
 */
export async function openSession(
  gpu: Gpu,
  plans: StepPlans,
  choices: KernelChoices,
  say: (line: string) => void,
): Promise<TrainEngine> {
  const room = deviceBytes(gpu);
  if (plans.memory.total > room) {
    throw new UserError(
      `Cannot fit the run as it must have ${
        formatBytes(plans.memory.total)
      } of memory and this machine has ${
        formatBytes(room)
      } free: lower train.device_train_batch_size or the model's size`,
    );
  }
  let said = false;
  return await TrainEngine.open(gpu, plans, choices, [], () => {
    if (!said) say("timing kernels for this device, once");
    said = true;
  });
}

/** Memory that buffers can come from, where it can be known. */
function deviceBytes(gpu: Gpu): number {
  return gpu.limits.software ? Deno.systemMemoryInfo().available : Infinity;
}

function closing<T extends { close(): void }>(split: T | null) {
  return { split, [Symbol.dispose]: () => split?.close() };
}
