/**
 * How long do whole training steps take, with the loss on the device as in a
 * run?
 * @module
 */
import { cpuUsage } from "node:process";
import type { Batch } from "../../data/loader/batch.ts";
import { initialiseWeights } from "../../engine/initial_weights.ts";
import type { Memory } from "../../engine/memory.ts";
import type { StepPlans } from "../../engine/step_plans.ts";
import { TrainEngine } from "../../engine/train_engine.ts";
import { UserError } from "../../errors.ts";
import type { Gpu } from "../../gpu/device.ts";
import type { KernelChoices } from "../../gpu/tuner.ts";
import { parameterCount } from "../../model/model.ts";
import { firstVariants } from "../../plan/plan.ts";
import type { ReportOptions } from "../../statistics/block_statistics.ts";
import { warmUp } from "../kernels/peak.ts";
import { measureIdleWait, median, waitForDevice } from "../timing.ts";
import {
  batchesOf,
  buildWorkload,
  HISTORY,
  type Workload,
} from "./workloads.ts";

/** Timings of the steps of one workload. */
export interface StepRow {
  name: string;
  note: string;
  parameters: number;
  tokensPerStep: number;
  /** Model FLOPs per step; see {@linkcode modelFlops}. */
  modelFlops: number;
  /** FLOPs of all dispatches of a step. */
  plannedFlops: number;
  dispatches: number;
  /** Milliseconds per step: median and best of the rounds. */
  ms: number;
  msBest: number;
  /**
   * Milliseconds of this process's CPU time per step, divided by the cores: an
   * estimate for idle cores. Null if the device is not the CPU.
   */
  msCpu: number | null;
  rounds: number;
  stepsPerRound: number;
  tokensPerSecond: number;
  /** Model FLOPs divided by the median time, in GFLOP/s. */
  gflops: number;
  /** Milliseconds to allocate, compile and bind, and to tune new operations. */
  openMs: number;
  /** Milliseconds of the first step, in which the driver compiles. */
  firstMs: number;
  /** Estimated bytes on the device. */
  memory: Memory;
  /** Bytes of all allocated buffers. */
  allocated: number;
  /**
   * Loss of the last step, which shows that training worked and stayed finite.
   */
  loss: number;
}

/** A workload that is loaded onto the device, ready to step. */
export interface RunningWorkload {
  workload: Workload;
  engine: TrainEngine;
  batches: Batch[];
  openMs: number;
  /** Optimizer steps done. */
  steps: number;
}

/**
 * Loads a workload onto the device and initializes its weights.
 *
 * @param report the reports that the engine can make; none if absent
 */
export async function openWorkload(
  gpu: Gpu,
  workload: Workload,
  choices: KernelChoices,
  report?: ReportOptions,
): Promise<RunningWorkload> {
  const { plans } = buildWorkload(workload, gpu.limits, report);
  await warmUp(gpu);
  const from = performance.now();
  const engine = await TrainEngine.open(gpu, plans, choices);
  const openMs = performance.now() - from;
  initialiseWeights(engine, 0);
  await waitForDevice(gpu);
  return {
    workload,
    engine,
    batches: batchesOf(plans),
    openMs,
    steps: 0,
  };
}

/** How long to time steps. */
export interface StepBenchOptions {
  /** Minimum and maximum number of rounds. */
  rounds: [number, number];
  /**
   * Target seconds per round, estimated from the first steps; at least one
   * step.
   */
  roundSeconds: number;
  /** Seconds after which no round starts, once the minimum is reached. */
  seconds: number;
}

/** Times the steps of a newly opened workload. */
export async function timeSteps(
  running: RunningWorkload,
  { rounds: [least, most], roundSeconds, seconds }: StepBenchOptions,
): Promise<StepRow> {
  const { engine, workload } = running, { gpu } = engine.executor;
  const wait = await measureIdleWait(gpu);
  const round = async (steps: number): Promise<number> => {
    const from = performance.now();
    for (let i = 0; i < steps; i++) await submitStep(running);
    await waitForDevice(gpu);
    return Math.max(1e-3, performance.now() - from - wait) / steps;
  };
  const firstMs = await round(1);
  const second = await round(1);
  const stepsPerRound = Math.max(1, Math.round(roundSeconds * 1e3 / second));
  const times: number[] = [], cpu: number[] = [];
  const from = performance.now();
  const over = () => performance.now() - from > seconds * 1e3;
  while (times.length < least || times.length < most && !over()) {
    const before = cpuUsage();
    times.push(await round(stepsPerRound));
    const { user, system } = cpuUsage(before);
    cpu.push((user + system) / 1e3 / stepsPerRound);
  }
  gpu.check();
  const loss = await lastLoss(running);
  const { plans } = engine, { micro, update, options, model } = plans;
  const tokensPerStep = options.accumulation * options.batchSize *
    model.sequenceLength;
  const ms = median(times), flops = modelFlops(plans);
  return {
    name: workload.name,
    note: workload.note,
    parameters: parameterCount(model).total,
    tokensPerStep,
    modelFlops: flops,
    plannedFlops: options.accumulation * micro.flops + update.flops,
    dispatches: options.accumulation * engine.loaded.micro.dispatches.length +
      engine.loaded.update.dispatches.length,
    ms,
    msBest: Math.min(...times),
    msCpu: gpu.limits.software
      ? median(cpu) / navigator.hardwareConcurrency
      : null,
    rounds: times.length,
    stepsPerRound,
    tokensPerSecond: tokensPerStep / ms * 1e3,
    gflops: flops / ms / 1e6,
    openMs: running.openMs,
    firstMs,
    memory: plans.memory,
    allocated: engine.executor.allocated,
    loss,
  };
}

/** Submits one optimizer step. */
export async function submitStep(running: RunningWorkload): Promise<void> {
  const slot = running.steps % HISTORY;
  await running.engine.step(running.batches, {
    step: ++running.steps,
    learningRate: 1e-3,
    maxGradNorm: 1,
    slot,
  });
}

/** Waits for the last step's loss and returns it. */
async function lastLoss(running: RunningWorkload): Promise<number> {
  const slot = (running.steps - 1) % HISTORY;
  const { loss, nonFinite: bad } =
    (await running.engine.history(slot + 1))[slot];
  if (bad) {
    throw new UserError(
      `Cannot time '${running.workload.name}' as its loss must stay finite: got ${loss}`,
    );
  }
  return loss;
}

/**
 * FLOPs that the model requires per step, without recomputation and other extra
 * work of the kernels: matrix products and attention (its causal half) of the
 * forward pass, once forward and twice backward.
 */
export function modelFlops({ evaluate, options }: StepPlans): number {
  // A product that is split has the sum of its parts beside it: extra work.
  const forward = firstVariants(evaluate.dispatches)
    .filter(({ kernel }) =>
      /^(matmul|attention)\//.test(kernel) && kernel !== "matmul/reduce"
    )
    .reduce((sum, { flops }) => sum + flops, 0);
  const sequences = options.batchSize * options.accumulation;
  return 3 * forward * sequences / options.evalBatchSize;
}
