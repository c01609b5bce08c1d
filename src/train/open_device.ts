/** Which device does a run compute on, and with which kernels? @module */
import { MEMORY_REMEDY, stepPlansOf } from "../engine/from_config.ts";
import type { StepPlans } from "../engine/step_plans.ts";
import { TrainEngine } from "../engine/train_engine.ts";
import { UserError } from "../errors.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { type Gpu, openGpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { loadChoices, saveChoices } from "../gpu/tuning_cache.ts";
import { parameterCount } from "../model/model.ts";
import { formatBytes, formatCount } from "../terminal/format_numbers.ts";
import type { Run } from "./open_run.ts";
import type { RunInputs } from "./resolve_inputs.ts";
import { recordedChoices } from "./resume_checks.ts";

/** A run's step plans on an open device. */
export interface RunDevice extends Disposable {
  gpu: Gpu;
  engine: TrainEngine;
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
  const gpu = stack.adopt(await openGpu(MEMORY_REMEDY), (gpu) => gpu.close());
  if (gpu.notice) say(`warning: ${gpu.notice}`);
  const plans = stepPlansOf(config, model, settings, gpu.limits);
  describe(inputs, plans, gpu, folder.dir, say);
  const cache = resolveCacheDir(config);
  const choices =
    (resume ? recordedChoices(folder.path("run.json"), gpu, say) : null) ??
      loadChoices(cache, gpu);
  const engine = await openEngine(gpu, plans, choices, say);
  saveChoices(cache, gpu, choices);
  const resources = stack.move();
  return { gpu, engine, [Symbol.dispose]: () => resources.dispose() };
}

function describe(
  { data, sequences, model, settings }: RunInputs,
  plans: StepPlans,
  gpu: Gpu,
  dir: string,
  say: (line: string) => void,
): void {
  const parameters = formatCount(parameterCount(model).total);
  const memory = formatBytes(plans.memory.total);
  say(`${parameters} parameters · ${memory} on ${gpu.name}`);
  const tokens = formatCount(sequences * model.sequenceLength);
  const perStep = formatCount(settings.tokensPerStep);
  say(
    `${tokens} training tokens (${data.tokenizer.name}), ${settings.totalSteps} steps of ${perStep} · run ${dir}`,
  );
}

/** Opens an engine, and says so if it has to time kernels first. */
async function openEngine(
  gpu: Gpu,
  plans: StepPlans,
  choices: KernelChoices,
  say: (line: string) => void,
): Promise<TrainEngine> {
  const free = freeBytes(gpu);
  if (plans.memory.total > free) {
    throw new UserError(
      `Cannot start the run as it needs ${
        formatBytes(plans.memory.total)
      } of memory: this machine has ${
        formatBytes(free)
      } free; ${MEMORY_REMEDY}`,
    );
  }
  let said = false;
  return await TrainEngine.open(gpu, plans, choices, [], () => {
    if (!said) say("timing kernels for this device, once");
    said = true;
  });
}

/** Bytes that buffers can be allocated from, where that is known. */
function freeBytes(gpu: Gpu): number {
  return gpu.limits.software ? Deno.systemMemoryInfo().available : Infinity;
}
