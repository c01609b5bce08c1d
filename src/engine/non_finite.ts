/** Which tensor was the first with a value that is not finite? @module */
import type { Batch } from "../data/loader/batch.ts";
import type { LoadedPlan } from "../gpu/executor.ts";
import { gradientName } from "../graph/differentiate.ts";
import { BYTES, decodeFloats } from "../graph/tensor.ts";
import type { TensorLocation } from "../plan/plan.ts";
import type { TrainEngine } from "./train_engine.ts";

/** Where the first non-finite value appeared. */
export interface NonFiniteTensor {
  /** The tensor, by its name in the graph or the checkpoint. */
  tensor: string;
  /** The operation that computed it. */
  label: string;
  /** Elements that are not finite. */
  count: number;
}

/** Thrown instead of saving a tensor with values that are not finite. */
export class NonFiniteError extends Error {
  override name = "NonFiniteError";

  /** @param tensor by its name in the checkpoint */
  constructor(tensor: string, count: number) {
    super(`${count} values of '${tensor}' not finite`);
  }
}

/** The first parameter with values that are not finite. */
export async function findNonFiniteWeight(
  engine: TrainEngine,
): Promise<NonFiniteTensor | null> {
  for (const { name } of engine.plans.trained) {
    const count = countNonFinite(await engine.read("weights", name));
    if (count) return { tensor: name, label: "the weights themselves", count };
  }
  return null;
}

/** Elements that are NaN or infinite. */
export function countNonFinite(values: Float32Array): number {
  let count = 0;
  for (const x of values) if (!Number.isFinite(x)) count++;
  return count;
}

/**
 * Repeats a step one dispatch at a time and checks every tensor written.
 * The weights are still those before the step: the device does not update them
 * once loss or gradient is not finite. Gradients and moments are overwritten.
 *
 * @param step number of the step, from 1
 * @returns null if every value is finite (the sum of the gradient's squares
 *   overflowed, or the fault does not repeat)
 */
export async function findNonFinite(
  engine: TrainEngine,
  batches: readonly Batch[],
  step: number,
): Promise<NonFiniteTensor | null> {
  const { executor, plans } = engine;
  const weights = await findNonFiniteWeight(engine);
  if (weights) return weights;
  // Old values must not be mistaken for results, neither in a slot nor in the
  // gradients and the loss, which kernels add onto.
  executor.clearSlots();
  engine.clear();
  for (const [micro, batch] of batches.entries()) {
    engine.upload(batch, step, micro);
    const found = await firstIn(engine, engine.loaded.micro);
    if (found) return found;
  }
  for (const { name } of plans.trained) {
    const count = countNonFinite(await engine.read("gradients", name));
    if (count) {
      return {
        tensor: gradientName(name),
        label: "the summed gradient",
        count,
      };
    }
  }
  return null;
}

async function firstIn(
  engine: TrainEngine,
  loaded: LoadedPlan,
): Promise<NonFiniteTensor | null> {
  const { executor } = engine;
  for (const step of loaded.dispatches) {
    executor.run({ plan: loaded.plan, dispatches: [step] });
    for (const { name, location, count, dtype } of step.dispatch.writes) {
      const size = count * BYTES[dtype];
      const data = await executor.read(
        location,
        sizeOf(engine, location, size),
      );
      const bad = countNonFinite(decodeFloats(data, dtype));
      if (bad) return { tensor: name, label: step.dispatch.label, count: bad };
    }
  }
  return null;
}

const sizeOf = (engine: TrainEngine, location: TensorLocation, size: number) =>
  Math.min(size, engine.executor.rangeOf(location).size);
