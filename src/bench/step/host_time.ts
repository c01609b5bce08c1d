/**
 * How much host time does a training step take? Each part is timed with an
 * empty queue, as on a software driver a submit waits for the previous one.
 * @module
 */
import { BatchAssembler } from "../../data/loader/batch.ts";
import { median, waitForDevice } from "../timing.ts";
import type { RunningWorkload } from "./step.ts";

/** Milliseconds of the host's parts of a step, medians. */
export interface HostRow {
  name: string;
  /**
   * Shifting and sorting the step's tokens; not part of `total`, as in a run
   * the thread that reads ahead does it.
   */
  assemble: number;
  /** Filling and writing batches and scalars. */
  upload: number;
  /** Encoding every dispatch, and finishing the encoder. */
  encode: number;
  /** Submitting the commands. */
  submit: number;
  /** Upload, encode and submit. */
  total: number;
  /** Fraction of the step's median time, 0 to 1. */
  share: number;
}

/**
 * Times the parts over `rounds` steps.
 *
 * @param stepMs milliseconds of a whole step, for `share`
 */
export async function hostOverhead(
  running: RunningWorkload,
  stepMs: number,
  rounds: number,
): Promise<HostRow> {
  const { engine, batches, workload } = running;
  const { executor, plans } = engine, { gpu } = executor;
  const { model, options } = plans;
  const assembler = new BatchAssembler({
    batchSize: options.batchSize,
    sequenceLength: model.sequenceLength,
    vocabSize: model.vocabSize,
  });
  const spent = { assemble: [], upload: [], encode: [], submit: [] } as Record<
    "assemble" | "upload" | "encode" | "submit",
    number[]
  >;
  const clock = (piece: keyof typeof spent, work: () => void) => {
    const from = performance.now();
    work();
    spent[piece].push(performance.now() - from);
  };
  for (let i = 0; i < rounds; i++) {
    await waitForDevice(gpu);
    const encoder = gpu.device.createCommandEncoder();
    let commands: GPUCommandBuffer;
    clock("assemble", () => batches.forEach((b) => assembler.assemble(b)));
    clock("upload", () => {
      for (const batch of batches) engine.upload(batch);
      engine.writeScalars({
        step: ++running.steps,
        learningRate: 1e-3,
        maxGradNorm: 1,
        slot: 0,
      });
    });
    clock("encode", () => {
      engine.encodeGradient(encoder, batches.length);
      const pass = encoder.beginComputePass();
      executor.encode(pass, engine.loaded.update);
      pass.end();
      commands = encoder.finish();
    });
    // Writes wait for a submit; flush them, to time the commands only.
    gpu.device.queue.submit([]);
    await waitForDevice(gpu);
    clock("submit", () => gpu.device.queue.submit([commands]));
  }
  await waitForDevice(gpu);
  const [assemble, upload, encode, submit] = [
    spent.assemble,
    spent.upload,
    spent.encode,
    spent.submit,
  ].map(median);
  const total = upload + encode + submit;
  return {
    name: workload.name,
    assemble,
    upload,
    encode,
    submit,
    total,
    share: total / stepMs,
  };
}
