/**
 * Plans single dispatches outside a graph, on separately allocated tensors.
 * @module
 */
import type { Executor } from "../../gpu/executor.ts";
import { type Dispatch, mapValues } from "../../graph/dispatch.ts";
import { bytes, type Tensor } from "../../graph/tensor.ts";
import type { PlannedDispatch } from "../../plan/plan.ts";

/** Plans a dispatch whose tensors are external buffers, found by name. */
export function planStandalone(
  dispatch: Dispatch,
  label: string,
): PlannedDispatch {
  const { bindings, choice, ...rest } = dispatch;
  return {
    ...rest,
    label,
    bindings: mapValues(
      bindings,
      ({ tensor, access, offset = 0, size }) => ({
        location: { external: tensor.name },
        offset,
        size: size ?? bytes(tensor) - offset,
        dtype: tensor.dtype,
        access,
      }),
    ),
    writes: [],
    choice: choice && {
      key: choice.key,
      variants: choice.variants.map((v) => ({
        name: v.name,
        dispatches: v.dispatches.map((d) => planStandalone(d, label)),
      })),
    },
  };
}

/** Length of the block of random floats that fills tensors. */
const NOISE = 1 << 16;

/**
 * Allocates a tensor and fills it with random floats: on zeros, GPUs draw less
 * power and so run faster.
 */
export function allocateNoise(executor: Executor, tensor: Tensor): void {
  const size = bytes(tensor);
  executor.allocate(tensor.name, size);
  const noise = tensor.dtype === "f16"
    ? new Float16Array(NOISE)
    : new Float32Array(NOISE);
  let state = 1;
  for (let i = 0; i < NOISE; i++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    noise[i] = state / 2 ** 31;
  }
  for (let at = 0; at < size; at += noise.byteLength) {
    const count = Math.min(noise.byteLength, size - at);
    executor.write(tensor.name, new Uint8Array(noise.buffer, 0, count), at);
  }
}
