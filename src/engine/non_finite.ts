/** The search for the first value that is not finite. @module */
import { gradientName } from "../graph/differentiate.ts";
import type { Loaded } from "../gpu/executor.ts";
import type { Place } from "../plan/plan.ts";
import type { Session } from "./train_engine.ts";
import type { Batch } from "../data/loader/batch.ts";

/** Where the first non-finite value appeared. */
export interface Culprit {
  /** The tensor, by its name in the graph or the checkpoint. */
  tensor: string;
  /** What computed it. */
  label: string;
  /** Elements that are not finite. */
  count: number;
}

/** Thrown in place of saving a tensor with values that are not finite. */
export class NotFinite extends Error {
  override name = "NotFinite";

  /** @param tensor by its name in the checkpoint */
  constructor(tensor: string, count: number) {
    super(`${count} values of '${tensor}' not finite`);
  }
}

/** The first parameter with values that are not finite. */
export async function nonFiniteWeights(
  session: Session,
): Promise<Culprit | null> {
  for (const { name } of session.program.trained) {
    const count = notFinite(await session.read("weights", name));
    if (count) return { tensor: name, label: "the weights themselves", count };
  }
  return null;
}

/** Elements that are NaN or infinite. */
export function notFinite(values: Float32Array): number {
  let count = 0;
  for (const x of values) if (!Number.isFinite(x)) count++;
  return count;
}

/**
 * Runs a step again, one dispatch at a time, and looks at everything written.
 * The weights are those before the step: the device does not update them once
 * loss or gradient is not finite. Gradients and moments are lost.
 *
 * @param t number of the step
 * @returns null if every value is finite (the sum of the gradient's squares
 *   overflowed, or the fault does not repeat)
 */
export async function findNonFinite(
  session: Session,
  batches: readonly Batch[],
  t: number,
): Promise<Culprit | null> {
  const { executor, program } = session;
  const weights = await nonFiniteWeights(session);
  if (weights) return weights;
  // What was there before must not be taken for a result: not in a slot, and not
  // in the gradients and the loss, which are added onto.
  executor.clearSlots();
  session.clear();
  for (const [micro, batch] of batches.entries()) {
    session.upload(batch, t, micro);
    const found = await firstIn(session, session.loaded.micro);
    if (found) return found;
  }
  for (const { name } of program.trained) {
    const count = notFinite(await session.read("gradients", name));
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
  session: Session,
  loaded: Loaded,
): Promise<Culprit | null> {
  const { executor } = session;
  for (const step of loaded.steps) {
    executor.run({ plan: loaded.plan, steps: [step] });
    for (const { name, place, count } of step.dispatch.writes) {
      const values = new Float32Array(
        await executor.read(place, sizeOf(session, place, count)),
      );
      const bad = notFinite(values);
      if (bad) return { tensor: name, label: step.dispatch.label, count: bad };
    }
  }
  return null;
}

const sizeOf = (session: Session, place: Place, count: number) =>
  Math.min(4 * count, session.executor.region(place).size);
