/**
 * Measured peaks: the most FLOPs and bytes per second that kernels reach on
 * this adapter.
 * @module
 */
import type { Gpu } from "../../gpu/device.ts";
import { Executor } from "../../gpu/executor.ts";
import { f32, write } from "../../graph/dispatch.ts";
import { Graph } from "../../graph/graph.ts";
import { add } from "../../graph/ops/elementwise/add.ts";
import type { PlannedDispatch } from "../../plan/plan.ts";
import { calibrate, TimedDispatch } from "../timing.ts";
import { allocateNoise, planStandalone } from "./standalone.ts";

/**
 * Measured peaks: the best of many rounds, as other load can only slow a round.
 */
export interface Peak {
  /** Multiply-adds in registers, in GFLOP/s. */
  gflops: number;
  /** `y += x` over tensors larger than the caches, in GB/s. */
  gbytes: number;
}

/** Independent chains and unrolled steps of `kernels/bench/peak.wgsl`. */
const CHAINS = 11, UNROLL = 64;

/** Seconds per round: short, so that some round runs without other load. */
const ROUND = 0.015;

/** Measures both peaks, in `rounds` rounds each. */
export async function measurePeak(gpu: Gpu, rounds: number): Promise<Peak> {
  await warmUp(gpu);
  const executor = new Executor(gpu);
  try {
    return {
      gflops: await peakFlops(executor, rounds),
      gbytes: await peakBytes(executor, rounds),
    };
  } finally {
    executor.close();
  }
}

/** Seconds of work after which a GPU's clocks have risen. */
const WARM_UP = 0.5;

/**
 * Keeps a GPU busy until its clocks have risen: what is timed before reads up
 * to a fifth too low. A CPU needs none.
 */
export async function warmUp(gpu: Gpu): Promise<void> {
  if (gpu.limits.software) return;
  const executor = new Executor(gpu);
  try {
    const timed = await bindPeak(executor);
    const until = performance.now() + 1e3 * WARM_UP;
    while (performance.now() < until) await timed.run(1);
    timed.close();
  } finally {
    executor.close();
  }
}

async function peakFlops(executor: Executor, rounds: number): Promise<number> {
  const timed = await bindPeak(executor);
  await timed.run(1);
  await calibrate(timed);
  const best = await fastest(timed, 1, rounds);
  timed.close();
  return timed.flops / best / 1e9;
}

/** Multiply-adds in registers, for about one round. */
async function bindPeak(executor: Executor): Promise<TimedDispatch> {
  const { software } = executor.gpu.limits;
  const WG = software ? 64 : 256, groups = software ? 64 : 16_384;
  const threads = groups * WG;
  const out = new Graph().persistent("peak", [threads]);
  executor.allocate(out.name, 4 * threads);
  const dispatch = (turns: number): PlannedDispatch =>
    planStandalone({
      kernel: "bench/peak",
      constants: { WG, CHAINS, UNROLL },
      params: { turns, factor: f32(0.999), addend: f32(0.001) },
      bindings: { out: write(out) },
      workgroups: [groups, 1, 1],
      flops: 2 * turns * CHAINS * UNROLL * threads,
      bytes: 4 * threads,
    }, "peak");
  const guess = await TimedDispatch.bind(executor, [dispatch(64)]);
  await guess.run(1);
  const turns = Math.max(1, Math.ceil(64 * ROUND / await guess.run(1)));
  guess.close();
  return TimedDispatch.bind(executor, [dispatch(turns)]);
}

async function peakBytes(executor: Executor, rounds: number): Promise<number> {
  const { software, maxBindingBytes } = executor.gpu.limits;
  const bytes = Math.min(maxBindingBytes, (software ? 64 : 256) * 2 ** 20);
  const graph = new Graph();
  const x = graph.persistent("peak x", [bytes / 4]);
  const y = graph.persistent("peak y", [bytes / 4]);
  for (const tensor of [x, y]) allocateNoise(executor, tensor);
  const { node } = add(graph, x, y);
  // Outside a graph, the sum can be written to `y` directly.
  const [lowered] = node!.operation.lower(
    { ...node!, outputs: [y] },
    executor.gpu.limits,
  );
  const sum = planStandalone(lowered, "add");
  const timed = await TimedDispatch.bind(executor, [sum]);
  const times = await timed.repetitionsFor(ROUND, 16);
  const best = await fastest(timed, times, rounds);
  timed.close();
  return sum.bytes / best / 1e9;
}

async function fastest(
  timed: TimedDispatch,
  times: number,
  rounds: number,
): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    best = Math.min(best, await timed.run(times));
  }
  return best;
}
