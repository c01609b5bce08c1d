/** How long does each kernel in a training step take? @module */
import type { LoadedPlan } from "../../gpu/executor.ts";
import { timeDispatches } from "../../gpu/time_dispatches.ts";
import type { RunningWorkload } from "../step/step.ts";
import { warmUp } from "./peak.ts";
import { nanosecondsPerTick, waitForDevice } from "../timing.ts";

/** All dispatches of one kernel and product shape in a step. */
export interface KernelRow {
  kernel: string;
  /** Layout and shape of a product, as the tuner names them; else empty. */
  product: string;
  /** Dispatches per step. */
  count: number;
  /** Milliseconds per step, over all dispatches. */
  ms: number;
  /** Fraction of the sum over all kernels, 0 to 1. */
  share: number;
  gflops: number;
  /** GB/s, counting the bytes that must move at least. */
  gbytes: number;
}

/**
 * Runs of a dispatch in one pass on a GPU, where beginning a pass takes as long
 * as a short kernel.
 */
const PER_PASS = 8;

/** Dispatches that are timed together, as a query set holds 4096 timestamps. */
const DISPATCHES_PER_QUERY = 512;

/**
 * Times every dispatch of a step in a separate pass, on a GPU the mean of
 * several runs in it, best of three, and sums the dispatches of the same kernel
 * and product shape.
 *
 * @returns one row per kernel and shape, the slowest first
 */
export async function kernelTimes(
  running: RunningWorkload,
): Promise<KernelRow[]> {
  const { engine } = running, { executor, plans } = engine;
  const { micro, update } = engine.loaded;
  const accumulation = plans.options.accumulation;
  const perPass = executor.gpu.limits.software ? 1 : PER_PASS;
  await warmUp(executor.gpu);
  const rows = new Map<string, KernelRow>();
  const collect = async (
    { dispatches: steps }: LoadedPlan,
    times: number,
  ) => {
    const dispatches = steps.map((s) => s.dispatch);
    for (let at = 0; at < dispatches.length; at += DISPATCHES_PER_QUERY) {
      const part = dispatches.slice(at, at + DISPATCHES_PER_QUERY);
      const ticks = await timeDispatches(part, executor, 3, perPass);
      part.forEach((d, i) => {
        const product = d.work ?? "";
        const key = `${d.kernel} ${product}`;
        const row = rows.get(key) ?? emptyRow(d.kernel, product);
        row.count += times;
        row.ms += times * ticks[i] * nanosecondsPerTick(executor.gpu) / 1e6;
        row.gflops += times * d.flops;
        row.gbytes += times * d.bytes;
        rows.set(key, row);
      });
    }
  };
  engine.upload(running.batches[0]);
  await collect(micro, accumulation);
  await collect(update, 1);
  await waitForDevice(executor.gpu);
  executor.gpu.check();
  const all = [...rows.values()].sort((a, b) => b.ms - a.ms);
  const total = all.reduce((sum, row) => sum + row.ms, 0);
  for (const row of all) {
    row.share = row.ms / total;
    // Up to here, gflops and gbytes hold FLOPs and bytes.
    row.gflops /= row.ms * 1e6;
    row.gbytes /= row.ms * 1e6;
  }
  return all;
}

const emptyRow = (kernel: string, product: string): KernelRow => ({
  kernel,
  product: product.replace(/^matmul /, ""),
  count: 0,
  ms: 0,
  share: 0,
  gflops: 0,
  gbytes: 0,
});
