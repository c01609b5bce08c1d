/**
 * Which sections does the bench run, on which sizes, in which order?
 * @module
 */
import { UserError } from "../errors.ts";
import type { Gpu } from "../gpu/device.ts";
import type { KernelChoices } from "../gpu/tuner.ts";
import { benchData, type DataResult } from "./data/data.ts";
import { type KernelRow, kernelTimes } from "./kernels/kernel_times.ts";
import {
  benchMatmul,
  inAllLayouts,
  type MatmulRow,
  type NumPyPeers,
  productsOf,
} from "./kernels/matmul.ts";
import { measurePeak, type Peak } from "./kernels/peak.ts";
import { commitOf, describeMachine, type Machine } from "./machine.ts";
import { NumPy } from "./peers/numpy.ts";
import { type AgainstRow, compareSteps } from "./step/against.ts";
import { hostOverhead, type HostRow } from "./step/host_time.ts";
import { reportOverhead, type ReportRow } from "./step/statistics_cost.ts";
import { openWorkload, type StepRow, timeSteps } from "./step/step.ts";
import { buildWorkload, type Workload, WORKLOADS } from "./step/workloads.ts";

/** Sections of the bench, in order. */
export const SECTIONS = [
  "matmul",
  "step",
  "kernels",
  "host",
  "report",
  "data",
] as const;

/** A section of the bench. */
export type Section = typeof SECTIONS[number];

/** All measurements; a section that did not run is absent. */
export interface BenchResult {
  machine: Machine;
  /** Null without a GPU. */
  peak: Peak | null;
  /** Version of NumPy and its BLAS, or why it is not compared. */
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
  /** Kernel choices of earlier tuning; new ones are added. */
  choices: KernelChoices;
  /** Called with the name of each measurement before it starts. */
  onStage?: (what: string) => void;
}

/**
 * Parses a comma-separated list of sections.
 *
 * @param list all sections if undefined
 * @throws {UserError} on an unknown section
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

/** Whether any of the sections needs a GPU: all but `data` do. */
export const needsGpu = (sections: ReadonlySet<Section>): boolean =>
  [...sections].some((section) => section !== "data");

/**
 * Measures one section after the other.
 *
 * @param gpu null if no section needs one
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

/** How this checkout's steps compare with another's. */
export interface Comparison {
  machine: Machine;
  folder: string;
  /** Of the other checkout. */
  commit: string;
  against: AgainstRow[];
}

/**
 * Compares the steps of all workloads with those of the checkout in `folder`.
 *
 * @throws {UserError} if it cannot run
 */
export async function runComparison(
  folder: string,
  { quick, onStage = () => {} }: Pick<BenchOptions, "quick" | "onStage">,
): Promise<Comparison> {
  const machine = describeMachine(null);
  const against: AgainstRow[] = [];
  for (const workload of quick ? WORKLOADS.slice(0, 1) : WORKLOADS) {
    onStage(`steps of '${workload.name}' here and in '${folder}'`);
    against.push(
      await compareSteps(
        workload,
        folder,
        quick
          ? { rounds: [2, 2], roundSeconds: 0, seconds: 0 }
          : { rounds: [5, 41], roundSeconds: 0.5, seconds: 60 },
      ),
    );
  }
  return { machine, folder, commit: commitOf(folder) ?? "unknown", against };
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
    const { micro } = buildWorkload(WORKLOADS[0], gpu.limits).plans;
    const ofTiny = productsOf([micro]);
    try {
      result.matmul = await benchMatmul(
        gpu,
        quick ? [...inAllLayouts(64, 64, 64), ofTiny[0]] : [
          ...inAllLayouts(512, 512, 512),
          ...inAllLayouts(1024, 1024, 1024),
          ...inAllLayouts(1024, 768, 3072),
          ...inAllLayouts(1024, 3072, 768),
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

async function startPeers(): Promise<NumPyPeers | undefined> {
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
    // The other sections relate to the step's time, but fewer rounds suffice.
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
      // Each round runs a whole step: as many rounds as take about five
      // seconds.
      const rounds = Math.min(15, Math.max(3, Math.round(5e3 / row.ms)));
      const host = await hostOverhead(running, row.ms, quick ? 2 : rounds);
      (result.host ??= []).push(host);
    }
    // Last, as it runs updates without clearing the gradients before.
    if (sections.has("kernels") && gpu.timestamps) {
      const rows = await kernelTimes(running);
      (result.kernels ??= []).push({ name: workload.name, rows });
    }
  } finally {
    running.engine.close();
  }
}
