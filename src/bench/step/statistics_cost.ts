/**
 * How much time do the reports of `src/statistics/block_statistics.ts` take?
 * @module
 */
import type { Gpu } from "../../gpu/device.ts";
import type { KernelChoices } from "../../gpu/tuner.ts";
import { median, waitForDevice } from "../timing.ts";
import { openWorkload, submitStep } from "./step.ts";
import type { Workload } from "./workloads.ts";

/** Steps between reports: the default of `report_every`. */
export const REPORT_EVERY = 100;

/** The cost of all reports together. */
export interface ReportRow {
  name: string;
  /**
   * Milliseconds per report, including reading back and summing; the median.
   */
  ms: number;
  /** Milliseconds per training step without a report; the median. */
  stepMs: number;
  /** Fraction of training time, with one report per hundred steps, 0 to 1. */
  share: number;
  /** Dispatches per report. */
  dispatches: number;
}

/** Times reports and steps in alternation, in `rounds` rounds. */
export async function reportOverhead(
  gpu: Gpu,
  workload: Workload,
  choices: KernelChoices,
  rounds: number,
): Promise<ReportRow> {
  const all = {
    gains: true,
    attnEntropy: true,
    outliers: true,
    gradNorms: true,
  };
  const running = await openWorkload(gpu, workload, choices, all);
  try {
    const { engine } = running,
      steps: number[] = [],
      reports: number[] = [];
    const clock = async (spent: number[], work: () => unknown) => {
      const from = performance.now();
      await work();
      await waitForDevice(gpu);
      spent.push(performance.now() - from);
    };
    // The first step and report compile.
    await submitStep(running);
    await engine.report();
    await waitForDevice(gpu);
    for (let i = 0; i < rounds; i++) {
      await clock(steps, () => submitStep(running));
      await clock(reports, () => engine.report());
    }
    const ms = median(reports), stepMs = median(steps);
    return {
      name: workload.name,
      ms,
      stepMs,
      share: ms / (ms + REPORT_EVERY * stepMs),
      dispatches: engine.plans.report!.plan.dispatches.length,
    };
  } finally {
    running.engine.close();
  }
}
