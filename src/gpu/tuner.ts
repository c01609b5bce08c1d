/**
 * Chooses among kernels that compute the same by timing them on the device
 * they will run on. The choice is stored on disk for each adapter and recorded
 * in the run, so that a resumed run computes the same bits.
 * @module
 */
import type { PlannedDispatch } from "../plan/plan.ts";
import type { Executor, SelectKernel } from "./executor.ts";

/** Chosen variants: key of the choice → name of the variant. */
export type KernelChoices = Record<string, string>;

/** Variants worth timing: the list is ordered by likelihood. */
const TRIED = 3;

/**
 * Timed repetitions of each variant; the best counts, since other load only
 * slows.
 */
const REPETITIONS = 3;

/**
 * Selects what `known` names; times the rest and adds it to `known`.
 *
 * Dispatches are timed on the run's own buffers, so load plans before the
 * tensors are filled. Without timestamps the first variant runs.
 */
export function tuner(
  known: KernelChoices,
  onTimed?: (key: string) => void,
): SelectKernel {
  return async (dispatch, executor) => {
    const { key, variants } = dispatch.choice!;
    const remembered = variants.find((v) => v.name === known[key]);
    if (remembered) return remembered.dispatch;
    const tried = variants.slice(0, TRIED);
    let best = tried[0];
    if (tried.length > 1 && executor.gpu.timestamps) {
      onTimed?.(key);
      const times = await timeDispatches(
        tried.map((v) => v.dispatch),
        executor,
      );
      best = tried[times.indexOf(Math.min(...times))];
    }
    known[key] = best.name;
    return best.dispatch;
  };
}

/** Nanoseconds of each dispatch, the best of several. */
export async function timeDispatches(
  dispatches: readonly PlannedDispatch[],
  executor: Executor,
): Promise<number[]> {
  const { device } = executor.gpu, n = dispatches.length;
  const { dispatches: steps, uniform } = await executor.bind(dispatches);
  const usage = GPUBufferUsage;
  const count = 2 * n * REPETITIONS;
  const querySet = device.createQuerySet({ type: "timestamp", count });
  const resolved = device.createBuffer({
    size: 8 * count,
    usage: usage.QUERY_RESOLVE | usage.COPY_SRC,
  });
  const mapped = device.createBuffer({
    size: 8 * count,
    usage: usage.MAP_READ | usage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  // The first round also compiles in the driver; the best of three drops it.
  for (let r = 0; r < REPETITIONS; r++) {
    steps.forEach(({ dispatch, pipeline, group }, i) => {
      const at = 2 * (r * n + i);
      const pass = encoder.beginComputePass({
        timestampWrites: {
          querySet,
          beginningOfPassWriteIndex: at,
          endOfPassWriteIndex: at + 1,
        },
      });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...dispatch.workgroups);
      pass.end();
    });
  }
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 8 * count);
  device.queue.submit([encoder.finish()]);
  await mapped.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(mapped.getMappedRange().slice(0));
  for (const b of [uniform, resolved, mapped]) b.destroy();
  querySet.destroy();
  return dispatches.map((_, i) => {
    let best = Infinity;
    for (let r = 0; r < REPETITIONS; r++) {
      const at = 2 * (r * n + i);
      best = Math.min(best, Number(stamps[at + 1] - stamps[at]));
    }
    return best;
  });
}
