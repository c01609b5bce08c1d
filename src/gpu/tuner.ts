/**
 * Chooses among kernels that compute the same by timing them on the device
 * they will run on. The choice is stored on disk for each adapter and recorded
 * in the run, so that a resumed run computes the same bits.
 * @module
 */
import type { PlannedDispatch } from "../plan/plan.ts";
import type { Executor, SelectKernels } from "./executor.ts";
import { timeVariants } from "./time_dispatches.ts";

/** Chosen variants: key of the choice → name of the variant. */
export type KernelChoices = Record<string, string>;

/** What is a choice in a record that was read from a file; never throws. */
export const asChoices = (record: unknown): KernelChoices =>
  Object.fromEntries(
    Object.entries(record ?? {}).filter(([, name]) => typeof name === "string"),
  );

/** Variants worth timing: the list is ordered by likelihood. */
const TRIED = 4;

/**
 * Seconds for timing the kernels of a run, by default. A GPU needs one or two,
 * a large model on a CPU up to all of it.
 */
export const TUNE_SECONDS = 60;

/** How kernels are timed, and what came of it. */
export interface TuningOptions {
  /** Filled with what was timed, to be remembered for the adapter. */
  timed?: KernelChoices;
  /**
   * Choices that were not timed: the first variant, because the time was up or
   * the adapter has no timestamps. What is there is taken, what is missing is
   * added. A run records them, the adapter's cache does not.
   */
  untimed?: KernelChoices;
  /**
   * Once this time is up, what remains takes the first variant.
   * @default {TUNE_SECONDS}
   */
  seconds?: number;
  /**
   * Called with `done` 0 before the first timing, and after each; not at all if
   * there is nothing to time.
   */
  onProgress?: ((done: number, total: number) => void) | undefined;
}

/** Equal work, wherever it occurs in the plans. */
interface Work {
  variants: NonNullable<PlannedDispatch["choice"]>["variants"];
  settled: boolean | undefined;
  /** Of all its dispatches. */
  flops: number;
}

/**
 * Selects what `known` names; times the rest and adds it to `known`, the work
 * with the most FLOPs first.
 *
 * Dispatches are timed on the run's own buffers, so load plans before the
 * tensors are filled. Without timestamps the first variant runs.
 */
export function tuner(
  known: KernelChoices,
  options: TuningOptions = {},
): SelectKernels {
  const { timed = {}, untimed = {}, seconds = TUNE_SECONDS, onProgress } =
    options;
  return async (dispatches, executor) => {
    const works = collect(dispatches);
    const missing: string[] = [];
    for (const [key, { variants, settled }] of works) {
      const name = known[key] ?? untimed[key];
      if (variants.some((v) => v.name === name)) continue;
      delete untimed[key];
      if (settled || variants.length === 1) known[key] = variants[0].name;
      else if (!executor.gpu.timestamps) untimed[key] = variants[0].name;
      else missing.push(key);
    }
    missing.sort((a, b) => works.get(b)!.flops - works.get(a)!.flops);
    const until = performance.now() + 1000 * seconds;
    const over = () => performance.now() >= until;
    if (missing.length > 0) onProgress?.(0, missing.length);
    for (const [i, key] of missing.entries()) {
      const { variants } = works.get(key)!;
      const fastest = over()
        ? undefined
        : await fastestOf(variants, executor, over);
      if (fastest === undefined) untimed[key] = variants[0].name;
      else {
        known[key] = timed[key] = fastest;
        onProgress?.(i + 1, missing.length);
      }
    }
    return dispatches.map(({ choice }) => {
      const { key, variants } = choice!;
      const name = known[key] ?? untimed[key];
      return (variants.find((v) => v.name === name) ?? variants[0]).dispatches;
    });
  };
}

/** The different work in the dispatches, by the keys of their choices. */
function collect(dispatches: readonly PlannedDispatch[]): Map<string, Work> {
  const works = new Map<string, Work>();
  for (const { choice, flops } of dispatches) {
    const { key, variants, settled } = choice!;
    const work = works.get(key);
    if (!work) works.set(key, { variants, settled, flops });
    else {
      work.flops += flops;
      // Rows that are not aligned allow fewer kernels.
      if (variants.length > work.variants.length) work.variants = variants;
    }
  }
  return works;
}

/** The name of the fastest variant; undefined if the time was up before. */
async function fastestOf(
  variants: Work["variants"],
  executor: Executor,
  over: () => boolean,
): Promise<string | undefined> {
  const tried = variants.slice(0, TRIED);
  const times = await timeVariants(
    tried.map((v) => v.dispatches),
    executor,
    over,
  );
  return times && tried[times.indexOf(Math.min(...times))].name;
}
