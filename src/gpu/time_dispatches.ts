/** How long do dispatches take on the device? @module */
import type { PlannedDispatch } from "../plan/plan.ts";
import type { Gpu } from "./device.ts";
import type { Executor } from "./executor.ts";

/**
 * Timed repetitions of each dispatch; the best counts, since other load only
 * slows.
 */
const REPETITIONS = 3;

/**
 * Nanoseconds of each dispatch, the best of several.
 *
 * @param perPass runs of a dispatch in one pass; more than one spread the cost
 *   of the pass itself, which counts where a dispatch is short
 * @throws {UserError} if the device is lost meanwhile
 */
export async function timeDispatches(
  dispatches: readonly PlannedDispatch[],
  executor: Executor,
  repetitions = REPETITIONS,
  perPass = 1,
): Promise<number[]> {
  const { gpu } = executor, { device } = gpu, n = dispatches.length;
  const { dispatches: steps, uniform } = await executor.bind(dispatches);
  const usage = GPUBufferUsage;
  const count = 2 * n * repetitions;
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
  // The first round may also compile in the driver; the best of several drops
  // it.
  for (let r = 0; r < repetitions; r++) {
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
      for (let run = 0; run < perPass; run++) {
        pass.dispatchWorkgroups(...dispatch.workgroups);
      }
      pass.end();
    });
  }
  encoder.resolveQuerySet(querySet, 0, count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, mapped, 0, 8 * count);
  device.queue.submit([encoder.finish()]);
  await mapOrFail(gpu, mapped);
  const stamps = new BigUint64Array(mapped.getMappedRange().slice(0));
  for (const b of [uniform, resolved, mapped]) b.destroy();
  querySet.destroy();
  return dispatches.map((_, i) => {
    let best = Infinity;
    for (let r = 0; r < repetitions; r++) {
      const at = 2 * (r * n + i);
      best = Math.min(best, Number(stamps[at + 1] - stamps[at]));
    }
    return best / perPass;
  });
}

/**
 * Waits until a buffer can be read.
 *
 * @throws {UserError} if the device is lost
 */
async function mapOrFail(gpu: Gpu, buffer: GPUBuffer): Promise<void> {
  try {
    // A lost device may never map the buffer.
    await Promise.race([buffer.mapAsync(GPUMapMode.READ), gpu.failure]);
  } catch (error) {
    // It may also refuse the buffer before it reports the loss.
    await new Promise((resolve) => setTimeout(resolve, 100));
    gpu.check();
    throw error;
  }
}

/**
 * A dispatch of fewer FLOPs is timed without a look at how long it takes: 0.1 s
 * at 1 GFLOP/s.
 */
const SHORT_FLOPS = 1e8;

/** Longer dispatches are timed on a part of their workgroups. */
const LONGEST_NS = 1e8;

/** A variant this many times slower than the best is not timed again. */
const MUCH_SLOWER = 3;

/**
 * Times kernels that compute the same, in work of bounded size. Where a
 * dispatch is long, part of its workgroups run, and what is much slower than
 * the best runs once.
 *
 * @param variants the dispatches of each
 * @param over whether the time for it is up
 * @returns a time for each, to compare with the others; undefined if the time
 *   was up before all ran
 */
export async function timeVariants(
  variants: readonly (readonly PlannedDispatch[])[],
  executor: Executor,
  over: () => boolean,
): Promise<number[] | undefined> {
  const time = async (
    lists: readonly (readonly Part[])[],
    repetitions?: number,
  ) => {
    const all = lists.flat().map((p) => p.dispatch);
    const times = await timeDispatches(all, executor, repetitions);
    let at = 0;
    return lists.map((parts) =>
      parts.reduce((sum, { factor }) => sum + times[at++] * factor, 0)
    );
  };
  const flops = variants[0].reduce((n, d) => n + d.flops, 0);
  if (flops <= SHORT_FLOPS) {
    return await time(variants.map((list) => list.map((d) => part(d, 1))));
  }
  // A single workgroup of each variant makes the driver compile it.
  const compiled = variants.map((list) => list.map((d) => part(d, 0)));
  const probe = variants[0].map((d) => part(d, SHORT_FLOPS / flops));
  const probed = await time([...compiled, probe], 1);
  if (over()) return undefined;
  const share = LONGEST_NS / probed.at(-1)!;
  const parts = variants.map((list) => list.map((d) => part(d, share)));
  const times = await time(parts, 1);
  const limit = MUCH_SLOWER * Math.min(...times);
  const close = times.map((_, i) => i).filter((i) => times[i] <= limit);
  if (close.length === 1 || over()) return times;
  const again = await time(close.map((i) => parts[i]), REPETITIONS - 1);
  close.forEach((i, k) => times[i] = Math.min(times[i], again[k]));
  return times;
}

/** A dispatch with a part of its workgroups. */
interface Part {
  dispatch: PlannedDispatch;
  /** How many times more work the whole dispatch does. */
  factor: number;
}

/**
 * The dispatch with a part of its workgroups, at least one; its result is not
 * complete.
 *
 * @param share of the workgroups, 0 to 1 and above; 0 is a single one
 */
function part(dispatch: PlannedDispatch, share: number): Part {
  const { workgroups } = dispatch;
  const axis = workgroups.indexOf(Math.max(...workgroups));
  const cut = workgroups.map((n, i) =>
    i === axis || share === 0
      ? Math.min(n, Math.max(1, Math.round(n * share)))
      : n
  ) as PlannedDispatch["workgroups"];
  const product = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);
  return {
    dispatch: { ...dispatch, workgroups: cut },
    factor: product(workgroups) / product(cut),
  };
}
