/**
 * How long would a step take on a device that is not here? An estimate from
 * a plan's dispatches and a device's figures: to compare plans and devices, no
 * substitute for a measurement.
 *
 * The constants are fitted to one table of kernels timed on an H200 and one on
 * lavapipe; docs/performance.md says how far off each kind of kernel is.
 * @module
 */
import type { KnownDevice } from "./devices.ts";
import type { Plan, PlannedDispatch } from "./plan.ts";

/** The estimate for all dispatches of one kernel and shape in a step. */
export interface KernelCost {
  kernel: string;
  /** Layout and shape, as the tuner names them; else empty. */
  work: string;
  /** Dispatches per step. */
  count: number;
  seconds: number;
  flops: number;
  bytes: number;
}

/** The estimate for a step. */
export interface StepCost {
  /** The slowest first. */
  kernels: KernelCost[];
  seconds: number;
  /** Seconds of the step's FLOPs at the device's peak: no step is faster. */
  arithmetic: number;
  /** Seconds of the step's bytes at its bandwidth: no step is faster. */
  traffic: number;
}

/** A plan, and how often a step replays it. */
export interface Replay {
  plan: Plan;
  times: number;
}

/**
 * Estimates a step.
 *
 * @param cores of the CPU, where the device's figures are those of one core
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Graph } from "../graph/graph.ts";
 * import { activation } from "../graph/ops/elementwise/activation.ts";
 * import { estimateStep } from "./cost.ts";
 * import { deviceNamed, limitsOfDevice } from "./devices.ts";
 * import { makePlan } from "./plan.ts";
 *
 * const graph = new Graph();
 * const y = activation(graph, "y", graph.input("x", [4096, 3072]), "relu");
 * const h100 = deviceNamed("h100")!;
 * const plan = makePlan("example", graph, limitsOfDevice(h100), [y]);
 * const cost = estimateStep([{ plan, times: 4 }], h100);
 * // 4 × 101 MB at 3.35 TB/s are the floor.
 * assertEquals((1e6 * cost.traffic).toFixed(0), "120");
 * assertEquals(cost.seconds > cost.traffic, true);
 * ```
 */
export function estimateStep(
  replays: readonly Replay[],
  device: KnownDevice,
  cores = 1,
): StepCost {
  const figures = figuresOf(device, cores);
  const found = new Map<string, KernelCost>();
  for (const { plan, times } of replays) {
    for (const dispatch of plan.dispatches.flatMap((d) => chosen(d, figures))) {
      const { kernel, flops, bytes } = dispatch;
      const work = dispatch.work?.replace(/^matmul /, "") ?? "";
      const key = `${kernel} ${work}`;
      const cost = found.get(key) ??
        { kernel, work, count: 0, seconds: 0, flops: 0, bytes: 0 };
      cost.count += times;
      cost.seconds += times * secondsOf(dispatch, figures);
      cost.flops += times * flops;
      cost.bytes += times * bytes;
      found.set(key, cost);
    }
  }
  const kernels = [...found.values()].sort((a, b) => b.seconds - a.seconds);
  const sum = (key: "seconds" | "flops" | "bytes") =>
    kernels.reduce((total, kernel) => total + kernel[key], 0);
  return {
    kernels,
    seconds: sum("seconds"),
    arithmetic: sum("flops") / figures.peak,
    traffic: sum("bytes") / figures.bandwidth,
  };
}

/** What the estimate of one dispatch needs. */
interface Figures {
  software: boolean;
  /** FLOP/s and bytes per second, on paper. */
  peak: number;
  bandwidth: number;
  computeUnits: number;
}

const figuresOf = (device: KnownDevice, cores: number): Figures => {
  const times = device.perCore ? cores : 1;
  return {
    software: device.perCore,
    peak: times * device.peak,
    bandwidth: times * device.bandwidth,
    computeUnits: device.computeUnits,
  };
};

/** Variants that the tuner times. */
const TRIED = 4;

/**
 * The dispatches of the variant that the tuner would choose if the estimates
 * were right.
 */
function chosen(
  dispatch: PlannedDispatch,
  figures: Figures,
): readonly PlannedDispatch[] {
  if (!dispatch.choice) return [dispatch];
  const seconds = (list: readonly PlannedDispatch[]) =>
    list.reduce((sum, d) => sum + secondsOf(d, figures), 0);
  return dispatch.choice.variants.slice(0, TRIED).map((v) => v.dispatches)
    .reduce((a, b) => seconds(b) < seconds(a) ? b : a);
}

/** What is reached of a vendor's figures: measured on an H200. */
const REACHED = { peak: 0.975, bandwidth: 0.885 };

/** Seconds from the end of one dispatch to the work of the next. */
const GAP = { gpu: 5e-6, software: 35e-6 };

/** Fractions of the peak that attention's kernels reach. */
const ATTENTION = { gpu: 0.15, software: 0.15 };

/** The fraction of the peak that products reach on lavapipe. */
const SOFTWARE_PRODUCT = 0.36;

/**
 * Bytes per second of other kernels on lavapipe, as a fraction of what an
 * addition beyond the caches moves: much of their data is in caches.
 */
const SOFTWARE_TRAFFIC = 1.3;

/** Whether a kernel multiplies; the sum over parts of a product does not. */
const isProduct = (kernel: string) =>
  /^matmul\//.test(kernel) && kernel !== "matmul/reduce";

/** Seconds of one dispatch, with the gap before it. */
function secondsOf(dispatch: PlannedDispatch, figures: Figures): number {
  const { kernel, flops, bytes } = dispatch;
  const { software, peak, bandwidth } = figures;
  if (software) {
    const part = isProduct(kernel)
      ? SOFTWARE_PRODUCT
      : /^attention\//.test(kernel)
      ? ATTENTION.software
      : 1;
    const traffic = part === 1 ? bytes / bandwidth / SOFTWARE_TRAFFIC : 0;
    return GAP.software + Math.max(flops / peak / part, traffic);
  }
  const arithmetic = flops /
    (peak * REACHED.peak * efficiency(dispatch, figures));
  return GAP.gpu +
    Math.max(arithmetic, bytes / bytesPerSecond(dispatch, figures));
}

/** The fraction of the peak that a kernel reaches on a GPU. */
function efficiency(dispatch: PlannedDispatch, figures: Figures): number {
  const { kernel, constants: { BM } } = dispatch;
  if (/^attention\//.test(kernel)) return ATTENTION.gpu;
  if (!isProduct(kernel)) return 1;
  return typeof BM === "number" ? tiled(dispatch, figures) : PLAIN_PRODUCT;
}

/** Products without tiles in workgroup memory: a guess, never timed. */
const PLAIN_PRODUCT = 0.03;

/**
 * What a lone workgroup reaches of its processor's peak, by the elements of its
 * tile: it waits for memory once per slab, however little it computes on it.
 */
const LONE = 0.075 / 1024;

/**
 * Tiled products. The processor with the most workgroups decides: it holds n of
 * them, and reaches n times what one reaches alone, up to what loads from
 * workgroup memory allow, 1/TM + 1/TN for each multiply-add.
 */
function tiled(
  { constants, params, workgroups, flops }: PlannedDispatch,
  { computeUnits }: Figures,
): number {
  const [BM, BN, TM, TN] = ["BM", "BN", "TM", "TN"]
    .map((name) => Number(constants[name]));
  const groups = workgroups.reduce((a, b) => a * b, 1);
  const most = Math.ceil(groups / computeUnits);
  const rate = Math.min(0.99 - 1.12 * (1 / TM + 1 / TN), most * BM * BN * LONE);
  const balance = groups / (computeUnits * most);
  // Tiles at the edge compute what is not there.
  const { M, N, K } = params;
  const [m, n, k] = [M, N, K].map(Number);
  const padded = Math.ceil(m / BM) * BM * Math.ceil(n / BN) * BN;
  return rate * balance * flops / (2 * padded * k);
}

/**
 * Bytes per second that one invocation has under way: one load of 16 bytes in
 * the 350 ns that memory takes, or UNITS of them where a kernel unrolls its
 * loads. Few invocations cannot use the bandwidth.
 */
const PER_INVOCATION = 45e6;

function bytesPerSecond(
  { constants: { WG, UNITS }, workgroups }: PlannedDispatch,
  { bandwidth }: Figures,
): number {
  const reached = bandwidth * REACHED.bandwidth;
  if (typeof WG !== "number") return reached;
  const loads = typeof UNITS === "number" ? UNITS : 1;
  const invocations = workgroups.reduce((a, b) => a * b, WG);
  return Math.min(reached, invocations * loads * PER_INVOCATION);
}
