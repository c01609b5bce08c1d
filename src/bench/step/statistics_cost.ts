/** What looking inside the blocks costs: see `src/statistics/block_statistics.ts`. @module */
import type { Gpu } from "../../gpu/device.ts";
import type { KernelChoices } from "../../gpu/tuner.ts";
import { openWorkload, submitStep } from "./step.ts";
import { median, waitForDevice } from "../timing.ts";
import type { Workload } from "./workloads.ts";

/** Steps between two reports, as `report_every` has it by default. */
export const REPORT_EVERY = 100;

/** The cost of all reports at once. */
export interface ReportRow {
  name: string;
  /** Milliseconds of one report, read back and summed up; the median. */
  ms: number;
  /** Milliseconds of a training step without one; the median. */
  stepMs: number;
  /** Of the time of training with a report each hundred steps, 0 to 1. */
  share: number;
  /** Dispatches of a report; without one there are none. */
  dispatches: number;
}

/** Times reports and steps in turn, over `rounds`. */
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
    // The first of each compiles.
    submitStep(running);
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
