/**
 * What a training step costs the host. Each piece is timed with the queue empty
 * before it: on a software driver a submit waits until the one before is done.
 * @module
 */
import { BatchAssembler } from "../../data/loader/batch.ts";
import { drain, median } from "../timing.ts";
import type { Running } from "./step.ts";

/** Milliseconds of the host's pieces of a step, medians. */
export interface HostRow {
  name: string;
  /** Shifting and sorting the step's tokens: in a run the work of the thread that reads ahead, so not part of `total`. */
  assemble: number;
  /** Filling and writing batches and scalars. */
  upload: number;
  /** Encoding every dispatch, and finishing the encoder. */
  encode: number;
  /** Handing the commands over. */
  submit: number;
  /** Upload, encode and submit. */
  total: number;
  /** Of the step's median time, 0 to 1. */
  share: number;
}

/**
 * Times the pieces over `rounds` steps.
 *
 * @param stepMs milliseconds of a whole step
 */
export async function hostOverhead(
  running: Running,
  stepMs: number,
  rounds: number,
): Promise<HostRow> {
  const { session: engine, batches, workload } = running;
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
    await drain(gpu);
    const encoder = gpu.device.createCommandEncoder();
    let commands: GPUCommandBuffer;
    clock("assemble", () => batches.forEach((b) => assembler.assemble(b)));
    clock("upload", () => {
      for (const batch of batches) engine.upload(batch);
      engine.writeScalars(++running.steps, 1e-3, 0, 1);
    });
    clock("encode", () => {
      engine.encodeGradient(encoder, batches.length);
      const pass = encoder.beginComputePass();
      executor.encode(pass, engine.loaded.update);
      pass.end();
      commands = encoder.finish();
    });
    // Writes wait for a submit: without them it hands over commands alone.
    gpu.device.queue.submit([]);
    await drain(gpu);
    clock("submit", () => gpu.device.queue.submit([commands]));
  }
  await drain(gpu);
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
