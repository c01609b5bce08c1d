/** The bench as a whole: which sections, on which sizes, in which order. @module */
import { UserError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { benchData, type DataResult } from "./data/data.ts";
import { hostOverhead, type HostRow } from "./step/host_time.ts";
import { type KernelRow, kernelTimes } from "./kernels/kernel_times.ts";
import { describeMachine, type Machine } from "./machine.ts";
import {
  benchMatmul,
  inLayouts,
  type MatmulRow,
  type Peers,
  productsOf,
} from "./kernels/matmul.ts";
import { NumPy } from "./peers/numpy.ts";
import { measurePeak, type Peak } from "./kernels/peak.ts";
import { reportOverhead, type ReportRow } from "./step/statistics_cost.ts";
import { openWorkload, type StepRow, timeSteps } from "./step/step.ts";
import { buildWorkload, type Workload, WORKLOADS } from "./step/workloads.ts";

/** Parts of the bench, in order. */
export const SECTIONS = [
  "matmul",
  "step",
  "kernels",
  "host",
  "report",
  "data",
] as const;

/** A part of the bench. */
export type Section = typeof SECTIONS[number];

/** Everything that was measured. */
export interface BenchResult {
  machine: Machine;
  /** Null without a GPU. */
  peak: Peak | null;
  /** NumPy and its library, or why it is not compared. */
  peer: string;
  matmul?: MatmulRow[];
  step?: StepRow[];
  kernels?: { name: string; rows: KernelRow[] }[];
  host?: HostRow[];
  report?: ReportRow[];
  data?: DataResult;
}

/** What to measure. */
export interface BenchOptions {
  sections: ReadonlySet<Section>;
  /** Few rounds on the smallest sizes. */
  quick: boolean;
  /** Kernels chosen before; extended by new choices. */
  choices: KernelChoices;
  /** Told what is measured next. */
  onStage?: (what: string) => void;
}

/**
 * The sections that a comma-separated list names; all where it is absent.
 *
 * @throws {UserError} on a name that is none
 */
export function sectionsOf(list: string | undefined): Set<Section> {
  if (list === undefined) return new Set(SECTIONS);
  return new Set(
    list.split(",").map((word) => {
      const section = SECTIONS.find((s) => s === word.trim());
      if (section) return section;
      throw new UserError(
        `Cannot read '--only' as it must name some of ${
          SECTIONS.join(", ")
        }: got '${word}'`,
      );
    }),
  );
}

/** Whether any of the sections needs a GPU. */
export const needGpu = (sections: ReadonlySet<Section>): boolean =>
  [...sections].some((section) => section !== "data");

/**
 * Measures one section after the other.
 *
 * @param gpu null where no section needs one
 */
export async function runBench(
  gpu: Gpu | null,
  options: BenchOptions,
): Promise<BenchResult> {
  const { sections, quick, onStage = () => {} } = options;
  const result: BenchResult = {
    machine: describeMachine(gpu),
    peak: null,
    peer: "not asked for",
  };
  if (gpu) await benchGpu(gpu, options, result);
  if (sections.has("data")) result.data = await benchData({ quick, onStage });
  return result;
}

async function benchGpu(
  gpu: Gpu,
  options: BenchOptions,
  result: BenchResult,
): Promise<void> {
  const { sections, quick, choices, onStage = () => {} } = options;
  onStage("the peak");
  result.peak = await measurePeak(gpu, quick ? 3 : 20);
  const workloads = quick ? WORKLOADS.slice(0, 1) : WORKLOADS;
  if (sections.has("matmul")) {
    const peers = gpu.limits.software ? await startPeers() : undefined;
    result.peer = peers?.all.name ??
      (gpu.limits.software
        ? "not available (no Python with numpy: set PYTHON)"
        : "not compared: the adapter is no CPU");
    const { micro } = buildWorkload(WORKLOADS[0], gpu.limits).program;
    const ofTiny = productsOf([micro]);
    try {
      result.matmul = await benchMatmul(
        gpu,
        quick ? [...inLayouts(64, 64, 64), ofTiny[0]] : [
          ...inLayouts(512, 512, 512),
          ...inLayouts(1024, 1024, 1024),
          ...inLayouts(1024, 768, 3072),
          ...inLayouts(1024, 3072, 768),
          ...ofTiny,
        ],
        {
          rounds: quick ? 1 : 5,
          choices,
          peers,
          onProduct: ({ layout, M, N, K }) =>
            onStage(`matmul ${layout} ${M}x${N}x${K}`),
        },
      );
    } finally {
      await peers?.all.close();
      await peers?.one.close();
    }
  }
  const whole: Section[] = ["step", "kernels", "host"];
  if (whole.some((s) => sections.has(s))) {
    for (const workload of workloads) {
      onStage(`steps of '${workload.name}'`);
      await benchWorkload(gpu, workload, options, result);
    }
  }
  if (sections.has("report")) {
    for (const workload of workloads) {
      onStage(`reports of '${workload.name}'`);
      const row = await reportOverhead(gpu, workload, choices, quick ? 1 : 5);
      (result.report ??= []).push(row);
    }
  }
}

async function startPeers(): Promise<Peers | undefined> {
  const all = await NumPy.start(), one = await NumPy.start(1);
  if (all && one) return { all, one };
  await all?.close();
  await one?.close();
  return undefined;
}

async function benchWorkload(
  gpu: Gpu,
  workload: Workload,
  { sections, quick, choices }: BenchOptions,
  result: BenchResult,
): Promise<void> {
  const running = await openWorkload(gpu, workload, choices);
  try {
    // The other sections stand beside the step's time; they need less of it.
    const row = await timeSteps(
      running,
      quick
        ? { rounds: [1, 1], roundSeconds: 0, seconds: 0 }
        : sections.has("step")
        ? { rounds: [5, 15], roundSeconds: 0.5, seconds: 10 }
        : { rounds: [1, 5], roundSeconds: 0.2, seconds: 2 },
    );
    if (sections.has("step")) (result.step ??= []).push(row);
    if (sections.has("host")) {
      // Each round runs a whole step: about five seconds of them.
      const rounds = Math.min(15, Math.max(3, Math.round(5e3 / row.ms)));
      const host = await hostOverhead(running, row.ms, quick ? 2 : rounds);
      (result.host ??= []).push(host);
    }
    // Last, for it runs updates whose gradients nobody cleared.
    if (sections.has("kernels") && gpu.timestamps) {
      const rows = await kernelTimes(running);
      (result.kernels ??= []).push({ name: workload.name, rows });
    }
  } finally {
    running.session.close();
  }
}
