/**
 * How many GFLOP/s do matrix products reach, with the kernels the tuner
 * selects?
 * @module
 */
import { cpuUsage } from "node:process";
import type { Gpu } from "../../gpu/device.ts";
import { Executor } from "../../gpu/executor.ts";
import { type KernelChoices, tuner } from "../../gpu/tuner.ts";
import type { Dispatch } from "../../graph/dispatch.ts";
import { Graph } from "../../graph/graph.ts";
import { matmul } from "../../graph/ops/matmul/matmul.ts";
import { bytes } from "../../graph/tensor.ts";
import type { Plan } from "../../plan/plan.ts";
import type { NumPy, Product } from "../peers/numpy.ts";
import { median, TimedDispatch } from "../timing.ts";
import { warmUp } from "./peak.ts";
import { allocateNoise, planStandalone } from "./standalone.ts";

/** The timing of one product. */
export interface MatmulRow extends Product {
  /** Type of the matrices' elements. */
  dtype: "f32" | "f16";
  /** The selected kernel variant. */
  variant: string;
  /** Median over the rounds, in GFLOP/s. */
  gflops: number;
  /** GFLOP/s of the best round. */
  best: number;
  /**
   * GFLOP per second of CPU time on every core, see {@linkcode PeerRate.cpu};
   * null if the device is not the CPU.
   */
  cpu: number | null;
  /** NumPy in the same rounds; null if it is not compared. */
  peer: PeerRate | null;
}

/** NumPy's speed on the same product. */
export interface PeerRate {
  /** Median over the rounds, on all cores, in GFLOP/s. */
  gflops: number;
  /** GFLOP/s of the best round. */
  best: number;
  /** Our rate divided by NumPy's in the same round; median over the rounds. */
  ratio: number;
  /**
   * GFLOP per second of CPU time of one thread, times the cores. Other load
   * keeps OpenBLAS' threads from synchronizing and slows it up to a
   * hundredfold, and ours little; this and `MatmulRow.cpu` estimate the rate on
   * idle cores.
   */
  cpu: number;
  /** Our rate divided by NumPy's, both by CPU time; median over the rounds. */
  ratioCpu: number;
}

/** NumPy on all cores, and on one core. */
export interface NumPyPeers {
  all: NumPy;
  one: NumPy;
}

/** How to time. */
export interface MatmulOptions {
  rounds: number;
  /** Kernel choices of earlier tuning; new ones are added. */
  choices: KernelChoices;
  /** Timed between our rounds, so that both run under the same load. */
  peers?: NumPyPeers | undefined;
  /**
   * Type of the matrices' elements; arithmetic is f32.
   * @default "f32"
   */
  dtype?: "f32" | "f16";
  /** Called with each product before it is timed. */
  onProduct?: (product: Product) => void;
}

/** GFLOP/s of each round, by wall time and by CPU time. */
interface Rounds {
  wall: number[];
  cpu: number[];
}

/** Seconds per round, for ours and for NumPy. */
const ROUND = 0.06;

/** Maximum number of dispatches per pass. */
const MAX_DISPATCHES = 64;

/** The product `M × N × K` in all three layouts. */
export const inAllLayouts = (M: number, N: number, K: number): Product[] =>
  (["NN", "NT", "TN"] as const).map((layout) => ({ layout, M, N, K }));

/** The distinct products that plans dispatch, in order. */
export function productsOf(plans: readonly Plan[]): Product[] {
  const found = new Map<string, Product>();
  for (const { dispatches } of plans) {
    for (const { choice } of dispatches) {
      const match = choice?.key.match(
        /^matmul (NN|NT|TN)[+bs]* (\d+)x(\d+)x(\d+)/,
      );
      if (!match) continue;
      const layout = match[1] as Product["layout"];
      const [M, N, K] = match.slice(2).map(Number);
      found.set([layout, M, N, K].join(" "), { layout, M, N, K });
    }
  }
  return [...found.values()];
}

/** Times every product, one after the other. */
export async function benchMatmul(
  gpu: Gpu,
  products: readonly Product[],
  options: MatmulOptions,
): Promise<MatmulRow[]> {
  const rows: MatmulRow[] = [];
  await warmUp(gpu);
  for (const product of products) {
    options.onProduct?.(product);
    rows.push(await timeProduct(gpu, product, options));
  }
  return rows;
}

async function timeProduct(
  gpu: Gpu,
  product: Product,
  { rounds, choices, peers, dtype = "f32" }: MatmulOptions,
): Promise<MatmulRow> {
  const { layout, M, N, K } = product;
  const executor = new Executor(gpu);
  let timed: TimedDispatch | undefined;
  try {
    const graph = new Graph();
    const matrix = (name: string, rows: number, columns: number) => {
      // Rows begin on whole vectors, as the plans lay logits out.
      const pitch = 4 * Math.ceil(columns / 4);
      const tensor = { ...graph.persistent(name, [rows, pitch]), dtype };
      allocateNoise(executor, tensor);
      return { tensor, pitch };
    };
    const lowered = matmul({
      ...product,
      a: layout === "TN" ? matrix("A", K, M) : matrix("A", M, K),
      b: layout === "NT" ? matrix("B", N, K) : matrix("B", K, N),
      c: matrix("C", M, N),
      accumulate: false,
    }, gpu.limits);
    if (lowered.length > 1) {
      throw new RangeError(
        `Cannot time ${M}x${N}x${K} as one dispatch: this adapter binds at most ${gpu.limits.maxBindingBytes} bytes`,
      );
    }
    const planned = planStandalone(lowered[0], "matmul");
    const { variants } = planned.choice!;
    allocateScratch(executor, lowered[0]);
    // Skip the plain kernel, last in the list: it never wins and takes seconds.
    planned.choice!.variants = variants.slice(
      0,
      Math.max(1, variants.length - 1),
    );
    const [chosen] = await tuner(choices)([planned], executor);
    timed = await TimedDispatch.bind(executor, chosen);
    const times = await timed.repetitionsFor(ROUND, MAX_DISPATCHES);
    const rate = (seconds: number) => planned.flops / seconds / 1e9;
    const cores = navigator.hardwareConcurrency;
    const ours: Rounds = { wall: [], cpu: [] };
    const theirs: Rounds = { wall: [], cpu: [] };
    for (let i = 0; i < rounds; i++) {
      const before = cpuUsage();
      ours.wall.push(rate(await timed.run(times)));
      const { user, system } = cpuUsage(before);
      ours.cpu.push(cores * rate((user + system) / 1e6 / times));
      if (!peers) continue;
      theirs.wall.push(rate((await peers.all.time(product, ROUND)).wall));
      const { cpu } = await peers.one.time(product, ROUND);
      theirs.cpu.push(cores * rate(cpu));
    }
    const over = (a: number[], b: number[]) =>
      median(a.map((x, i) => x / b[i]));
    return {
      layout,
      M,
      N,
      K,
      dtype,
      variant: planned.choice!.variants.find((v) => v.dispatches === chosen)!
        .name,
      gflops: median(ours.wall),
      best: Math.max(...ours.wall),
      cpu: gpu.limits.software ? median(ours.cpu) : null,
      peer: peers
        ? {
          gflops: median(theirs.wall),
          best: Math.max(...theirs.wall),
          ratio: over(ours.wall, theirs.wall),
          cpu: median(theirs.cpu),
          ratioCpu: over(ours.cpu, theirs.cpu),
        }
        : null,
    };
  } finally {
    timed?.close();
    executor.close();
  }
}

/** Allocates what variants of a dispatch use besides its operands. */
function allocateScratch(executor: Executor, { choice }: Dispatch): void {
  for (const { dispatches } of choice!.variants) {
    for (const { bindings } of dispatches) {
      const scratch = Object.values(bindings).map(({ tensor }) => tensor)
        .find(({ role }) => role === "transient");
      if (!scratch) continue;
      executor.allocate(scratch.name, bytes(scratch));
      return;
    }
  }
}
