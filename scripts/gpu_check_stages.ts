/**
 * The stages of `gpu_check.ts`, most wanted first: what each of them measures,
 * and for how long it may.
 * @module
 */
import {
  benchCublas,
  benchMatmul,
  benchTorch,
  buildWorkload,
  BYTES,
  checkGolden,
  type CublasRates,
  describeMachine,
  type GoldenRow,
  GPT2_TOKENS,
  inAllLayouts,
  kernelTimes,
  type Machine,
  type MatmulRow,
  measurePeak,
  openWorkload,
  type Peak,
  type Product,
  productsOf,
  type RunningWorkload,
  sizeOverrides,
  type Sizes,
  type StepRow,
  timeSteps,
  type TorchRow,
  type Workload,
} from "../src/bench/mod.ts";
import { compose } from "../src/config/mod.ts";
import { UserError } from "../src/errors.ts";
import { type Gpu, openGpu } from "../src/gpu/device.ts";
import type { KernelChoices } from "../src/gpu/tuner.ts";
import { deviceNamed, limitsOfDevice } from "../src/plan/devices.ts";

/** The element type of a step. */
export type Precision = "fp32" | "fp16";

/** All results so far. */
export interface Result {
  machine?: Machine;
  features?: string[];
  /** The adapter's limits, by WebGPU's names. */
  limits?: Record<string, number>;
  peak?: Peak;
  golden: GoldenRow[];
  products: MatmulRow[];
  cublas?: CublasRates;
  /**
   * `used`: bytes in use on the GPU during the steps, as reported by its
   * driver.
   */
  steps: (StepRow & { precision: Precision; used: number | null })[];
  kernels: { name: string; rows: Awaited<ReturnType<typeof kernelTimes>> }[];
  torch: TorchRow[];
  choices: KernelChoices;
  /** What could not be measured on this machine or in this version. */
  absent: { stage: string; why: string }[];
  failures: { stage: string; message: string }[];
  /** Seconds that each stage took. */
  seconds: Record<string, number>;
}

/** A part of the results: lists are appended, everything else is set. */
export type Part = Partial<Result>;

/** What a stage is given. */
export interface Context {
  /** Small sizes, to check on a machine without a GPU that all stages run. */
  small: boolean;
  /** Path of PyTorch's script. */
  torch: string;
  /** Folder of fixtures. */
  golden: string;
  /** Kernel choices of earlier stages; new ones are added. */
  choices: KernelChoices;
  /** Products that were timed before. */
  products: readonly MatmulRow[];
  /** Seconds that are left. */
  seconds: number;
  /** Reports a part of the results, as soon as it is there. */
  emit(part: Part): void;
}

/** One stage. */
export interface Stage {
  name: string;
  /** Seconds after which it is stopped. */
  seconds: number;
  /**
   * Whether it runs in a process of its own, which the limit ends whatever the
   * driver does. PyTorch's stages have one, and open no WebGPU device.
   */
  apart: boolean;
  run(context: Context): Promise<void>;
}

/** Says that something cannot be measured here, which is no failure. */
export class Absent extends Error {}

/** GPT-2's shapes, as trained in "Simplifying Transformer Blocks". */
const SIZES: Sizes = {
  layers: 18,
  width: 768,
  heads: 12,
  sequenceLength: 128,
  batchSize: 32,
  accumulation: 4,
  vocabSize: GPT2_TOKENS,
};

/** Sizes for machines without a GPU. */
const SMALL: Sizes = {
  layers: 2,
  width: 64,
  heads: 2,
  sequenceLength: 32,
  batchSize: 4,
  accumulation: 2,
  vocabSize: BYTES,
};

/** The sizes of the steps. */
export const sizesOf = (small: boolean): Sizes => small ? SMALL : SIZES;

/** A short name for a model's sizes and precision. */
export const nameOf = (small: boolean, precision: Precision): string => {
  const { layers, width, vocabSize } = sizesOf(small);
  return `${layers} x ${width}, ${vocabSize}, ${precision}`;
};

/** fp32 sets no key, so that versions without the key can be compared. */
function workloadOf(small: boolean, precision: Precision): Workload {
  const sizes = sizesOf(small);
  return {
    name: nameOf(small, precision),
    note:
      `context ${sizes.sequenceLength}, batch ${sizes.batchSize} x ${sizes.accumulation}`,
    overrides: [
      ...sizeOverrides(sizes),
      ...precision === "fp16" ? ["train.precision=fp16"] : [],
    ],
  };
}

/** @throws {Absent} where this version or adapter has no such precision */
function needPrecision(gpu: Gpu, precision: Precision): void {
  if (precision === "fp32") return;
  try {
    compose({ overrides: ["train.precision=fp16"] });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new Absent(`this version has no train.precision: ${error.message}`);
  }
  if (!gpu.limits.f16) throw new Absent("the adapter cannot store f16");
}

/** Runs `work` on a new device. */
async function withGpu(work: (gpu: Gpu) => Promise<void>): Promise<void> {
  const gpu = await openGpu();
  try {
    await work(gpu);
  } finally {
    gpu.close();
  }
}

async function withWorkload(
  { small, choices, emit }: Context,
  precision: Precision,
  work: (running: RunningWorkload) => Promise<void>,
): Promise<void> {
  await withGpu(async (gpu) => {
    needPrecision(gpu, precision);
    const workload = workloadOf(small, precision);
    const running = await openWorkload(gpu, workload, choices);
    try {
      if (precision === "fp16" && !storesHalf(running)) {
        throw new Absent("this version stores nothing in f16");
      }
      await work(running);
      emit({ choices });
    } finally {
      running.engine.close();
    }
  });
}

/**
 * Whether a step's plans bind f16: a key that is only known changes nothing.
 */
const storesHalf = ({ engine }: RunningWorkload): boolean =>
  engine.plans.micro.dispatches.some(({ bindings }) =>
    Object.values(bindings).some(({ dtype }) => dtype === "f16")
  );

/** Bytes in use on the GPU by all programs; null if unknown. */
function usedMemory(): number | null {
  try {
    const { success, stdout } = new Deno.Command("nvidia-smi", {
      args: ["--query-gpu=memory.used", "--format=csv,noheader,nounits"],
      stderr: "null",
    }).outputSync();
    const mebibytes = Number(new TextDecoder().decode(stdout).split("\n")[0]);
    return success && mebibytes > 0 ? mebibytes * 2 ** 20 : null;
  } catch {
    return null;
  }
}

const torch = (precision: Precision, steps: number): Stage => ({
  name: `torch-${precision}`,
  seconds: 90,
  apart: false,
  async run({ torch, small, seconds, emit }) {
    if (!await Deno.stat(torch).catch(() => null)) {
      throw new Absent(`PyTorch is not compared: there is no '${torch}'`);
    }
    const row = await benchTorch(torch, sizesOf(small), {
      precision,
      attention: "eager",
      steps: small ? 2 : steps,
      seconds,
    });
    emit({ torch: [row] });
  },
});

const steps = (precision: Precision): Stage => ({
  name: `step-${precision}`,
  seconds: 100,
  apart: true,
  run: (context) =>
    withWorkload(context, precision, async (running) => {
      const row = await timeSteps(
        running,
        context.small
          ? { rounds: [1, 1], roundSeconds: 0.1, seconds: 0 }
          : { rounds: [3, 9], roundSeconds: 1, seconds: 8 },
      );
      context.emit({ steps: [{ ...row, precision, used: usedMemory() }] });
    }),
});

const kernels = (precision: Precision): Stage => ({
  name: `kernels-${precision}`,
  seconds: 60,
  apart: true,
  run: (context) =>
    withWorkload(context, precision, async (running) => {
      if (!running.engine.executor.gpu.timestamps) {
        throw new Absent("the adapter has no timestamps");
      }
      const rows = await kernelTimes(running);
      const { name } = running.workload;
      context.emit({ kernels: [{ name, rows }] });
    }),
});

/** The products of a step, and a large one. */
function comparedProducts(small: boolean, limits: Gpu["limits"]): Product[] {
  const { micro } = buildWorkload(workloadOf(small, "fp32"), limits).plans;
  const square = small ? 128 : 4096;
  return [
    ...inAllLayouts(square, square, square),
    ...productsOf([micro]).slice(0, small ? 2 : undefined),
  ];
}

const machine: Stage = {
  name: "machine",
  seconds: 30,
  apart: true,
  run: ({ small, emit }) =>
    withGpu(async (gpu) => {
      emit({
        machine: describeMachine(gpu),
        features: [...gpu.device.features].sort(),
        limits: limitsOf(gpu.device),
      });
      emit({ peak: await measurePeak(gpu, small ? 3 : 20) });
    }),
};

/** What decides how products and memory are divided. */
function limitsOf({ limits }: GPUDevice): Record<string, number> {
  const names = [
    "maxStorageBufferBindingSize",
    "maxBufferSize",
    "maxStorageBuffersPerShaderStage",
    "maxComputeWorkgroupStorageSize",
    "maxComputeInvocationsPerWorkgroup",
    "minStorageBufferOffsetAlignment",
    "minUniformBufferOffsetAlignment",
  ] as const;
  return Object.fromEntries(names.map((name) => [name, limits[name]]));
}

/** Half is storage alone: the arithmetic is fp32. */
const productStage = (precision: Precision): Stage => ({
  name: `products-${precision}`,
  seconds: 90,
  apart: true,
  run: ({ small, choices, emit }) =>
    withGpu(async (gpu) => {
      if (precision === "fp16" && !gpu.limits.f16) {
        throw new Absent("the adapter cannot store f16");
      }
      for (const product of comparedProducts(small, gpu.limits)) {
        const { layout, M, N, K } = product;
        try {
          const rows = await benchMatmul(gpu, [product], {
            rounds: small ? 1 : 5,
            choices,
            dtype: precision === "fp16" ? "f16" : "f32",
          });
          emit({ products: rows, choices });
        } catch (error) {
          gpu.check();
          const stage = `products-${precision} ${layout} ${M}x${N}x${K}`;
          emit({ failures: [{ stage, message: firstLine(error) }] });
        }
      }
    }),
});

const cublas: Stage = {
  name: "cublas",
  seconds: 60,
  apart: false,
  async run({ small, products, seconds, emit }) {
    // Without our own rates, the products as planned for such a device.
    const single = products.filter((p) => p.dtype === "f32");
    const compared = single.length > 0
      ? single
      : comparedProducts(small, limitsOfDevice(deviceNamed("h100")!));
    const script = `${import.meta.dirname}/peers/cublas.py`;
    emit({ cublas: await benchCublas(script, compared, seconds) });
  },
};

const parity: Stage = {
  name: "parity",
  seconds: 120,
  apart: true,
  run: ({ golden, emit }) =>
    withGpu(async (gpu) => {
      await checkGolden(gpu, golden, (row) => {
        emit({ golden: [row] });
        console.error(`  ${row.fixture}: ${row.verdict}`);
      });
    }),
};

/** All stages, in order. */
export const STAGES: readonly Stage[] = [
  torch("fp16", 6),
  machine,
  steps("fp32"),
  steps("fp16"),
  kernels("fp32"),
  kernels("fp16"),
  productStage("fp32"),
  cublas,
  torch("fp32", 5),
  productStage("fp16"),
  parity,
];

/** The first line of an error's message. */
export const firstLine = (error: unknown): string =>
  (error as Error).message.split("\n")[0];
