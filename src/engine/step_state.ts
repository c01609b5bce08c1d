/**
 * What has the device recorded of its steps, and at which scale of the loss is
 * it?
 * @module
 */
import type { Executor } from "../gpu/executor.ts";
import { readStruct, structBytes, writeStruct } from "../gpu/struct_layout.ts";
import { f32 } from "../graph/dispatch.ts";
import type { LossScalingState } from "../optim/loss_scaling.ts";
import { SCALING } from "./step_plans.ts";
import { stepRecords } from "./step_records.ts";

/** What the device recorded of one optimizer step. */
export interface StepRecord {
  /** Mean cross-entropy, nats per token. */
  loss: number;
  /**
   * Global L2 norm of the gradient before clipping, without the loss scale. Not
   * finite where the step was skipped.
   */
  gradNorm: number;
  /**
   * Loss or norm was not finite, at any loss scale, in this step or before:
   * weights are unchanged.
   */
  nonFinite: boolean;
  /** The gradient overflowed at this loss scale: weights are unchanged. */
  skipped: boolean;
  /** Scale of the loss in this step; 1 without loss scaling. */
  lossScale: number;
}

/** The constants of `step_records.wgsl` for what came of a step. */
const SKIPPED = 1, STOPPED = 2;

/** Reads the records of history slots 0 … `count` − 1. Waits for the device. */
export async function readHistory(
  executor: Executor,
  count: number,
): Promise<StepRecord[]> {
  const layout = stepRecords().history, bytes = structBytes(layout);
  const data = await executor.read("history", count * bytes);
  return Array.from({ length: count }, (_, i) => {
    const record = readStruct(layout, data, i * bytes);
    return {
      loss: record.loss,
      gradNorm: record.gradient_norm,
      nonFinite: record.outcome === STOPPED,
      skipped: record.outcome === SKIPPED,
      lossScale: record.loss_scale,
    };
  });
}

/** Writes the state of loss scaling. */
export function writeLossScaling(
  executor: Executor,
  { scale, ...counts }: LossScalingState,
): void {
  const layout = stepRecords().lossScaling;
  const data = new Uint8Array(structBytes(layout));
  writeStruct(
    layout,
    { scale: f32(scale), ...counts },
    new DataView(data.buffer),
  );
  executor.write(SCALING.record, data);
  executor.write(SCALING.gradientScale, Float32Array.of(scale));
}

/** Reads the state of loss scaling. Waits for the device. */
export async function readLossScaling(
  executor: Executor,
): Promise<LossScalingState> {
  const layout = stepRecords().lossScaling;
  const data = await executor.read(SCALING.record, structBytes(layout));
  const { scale, since_overflow, since_rescale, overflows, skipped } =
    readStruct(layout, data);
  return { scale, since_overflow, since_rescale, overflows, skipped };
}

/**
 * Encodes that the gradients computed next have the current scale. They keep it
 * while the update changes the scale of the next ones.
 */
export function encodeGradientScale(
  encoder: GPUCommandEncoder,
  executor: Executor,
): void {
  const { fields } = stepRecords().lossScaling;
  const from = executor.rangeOf(SCALING.record);
  const to = executor.rangeOf(SCALING.gradientScale);
  const offset = 4 * fields.findIndex(({ name }) => name === "scale");
  encoder.copyBufferToBuffer(
    from.buffer,
    from.offset + offset,
    to.buffer,
    to.offset,
    4,
  );
}
