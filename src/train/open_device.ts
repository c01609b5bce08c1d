/** Which device does a run compute on, and with which kernels? @module */
import { MEMORY_REMEDY, stepPlansOf } from "../engine/from_config.ts";
import { checkPrecision } from "../engine/precision.ts";
import { MemoryVariants } from "../engine/memory_variants.ts";
import type { StepPlans } from "../engine/step_plans.ts";
import { TrainEngine } from "../engine/train_engine.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import { deviceMemory } from "../gpu/device_memory.ts";
import { type KernelChoices, TUNE_SECONDS } from "../gpu/tuner.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import { parameterCount } from "../model/model.ts";
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import { TimingProgress } from "../terminal/timing_progress.ts";
import type { Run } from "./open_run.ts";
import type { RunInputs } from "./resolve_inputs.ts";
import { recordedChoices } from "./resume_checks.ts";

/** A run's step plans on an open device. */
export interface RunDevice extends Disposable {
  gpu: Gpu;
  engine: TrainEngine;
  /** Kernels that were chosen without timing. */
  untimed: KernelChoices;
}

/**
 * Opens the device, tells the user what will run there, and loads the plans. A
 * resumed run computes with the kernels that it has recorded.
 *
 * @throws {UserError} where there is no device or the run does not fit it
 */
export async function openDevice(
  { resume, folder, say }: Run,
  inputs: RunInputs,
): Promise<RunDevice> {
  const { config, model, settings } = inputs;
  using stack = new DisposableStack();
  let remedy = () => MEMORY_REMEDY;
  const gpu = stack.adopt(
    await openGpu({ memoryRemedy: () => remedy() }),
    (gpu) => gpu.close(),
  );
  if (gpu.notice) say(`warning: ${gpu.notice}`);
  checkPrecision(gpu, config.train);
  const plans = stepPlansOf(config, model, settings, gpu.limits);
  describe(inputs, plans, gpu, folder.dir, say);
  const variants = new MemoryVariants(config, model, gpu.limits);
  const total = formatBytes(plans.memory.total);
  remedy = () =>
    `the run needs ${total}; ${variants.remedy(deviceMemory(gpu))}`;
  checkMemory(plans, gpu, variants);
  const cache = resolveCacheDir(config);
  const recorded = resume
    ? recordedChoices(folder.path("run.json"), gpu, say)
    : null;
  const choices = recorded?.choices ?? loadChoices(cache, gpu);
  const timed: KernelChoices = {}, untimed = recorded?.untimed ?? {};
  const engine = await openEngine(gpu, plans, choices, { timed, untimed }, say);
  saveChoices(cache, gpu, timed);
  const resources = stack.move();
  return { gpu, engine, untimed, [Symbol.dispose]: () => resources.dispose() };
}

function describe(
  { config, data, sequences, model, settings }: RunInputs,
  plans: StepPlans,
  gpu: Gpu,
  dir: string,
  say: (line: string) => void,
): void {
  const parameters = formatCount(parameterCount(model).total);
  const memory = formatBytes(plans.memory.total);
  const half = config.train.precision === "fp16" ? " · fp16" : "";
  say(`${parameters} parameters${half} · ${memory} on ${gpu.name}`);
  const tokens = formatCount(sequences * model.sequenceLength);
  const perStep = formatCount(settings.tokensPerStep);
  say(
    `${tokens} training tokens (${data.tokenizer.name}), ${settings.totalSteps} steps of ${perStep} · run ${dir}`,
  );
}

/** Opens an engine, and shows how far the timing of kernels is. */
async function openEngine(
  gpu: Gpu,
  plans: StepPlans,
  choices: KernelChoices,
  { timed, untimed }: { timed: KernelChoices; untimed: KernelChoices },
  say: (line: string) => void,
): Promise<TrainEngine> {
  let wanted = 0, engine: TrainEngine;
  {
    await using progress = new TimingProgress();
    const onProgress = (done: number, total: number) => {
      if (done === 0) {
        say(
          `timing kernels 0/${total}: once for this device, for at most ${TUNE_SECONDS} s`,
        );
      }
      wanted = total;
      progress.at(done, total);
    };
    const tuning = { timed, untimed, onProgress };
    engine = await TrainEngine.open(gpu, plans, choices, [], tuning);
  }
  const missed = wanted - Object.keys(timed).length;
  if (missed > 0) {
    say(
      `timing kernels ended after ${TUNE_SECONDS} s: the other ${missed} take the usual variant`,
    );
  }
  return engine;
}

/** @throws {UserError} where the plans need more memory than is free */
function checkMemory(
  plans: StepPlans,
  gpu: Gpu,
  variants: MemoryVariants,
): void {
  // A GPU's nominal size is rounded: it is left to say itself what it has.
  if (!gpu.limits.software) return;
  const free = deviceMemory(gpu);
  if (plans.memory.total <= free) return;
  throw new UserError(
    `Cannot start the run as it needs ${
      formatBytes(plans.memory.total)
    } of memory: this machine has ${formatBytes(free)} free; ${
      variants.remedy(free)
    }`,
  );
}
