/** Why did a step make values that are not finite? @module */
import type { BatchLoader } from "../data/loader/batch_loader.ts";
import {
  findNonFinite,
  findNonFiniteWeight,
  type NonFiniteTensor,
} from "../engine/non_finite.ts";
import type { StepRecord } from "../engine/step_state.ts";
import type { TrainEngine } from "../engine/train_engine.ts";

/** A step whose loss, gradient, weights or evaluation are not finite. */
export class NonFiniteStepError extends Error {
  override name = "NonFiniteStepError";
  /** Number of the step, from 1. */
  readonly step: number;

  /** @param why what is not finite, and in which tensor */
  constructor(step: number, why: string) {
    super(why);
    this.step = step;
  }
}

/**
 * Repeats a step whose loss or gradient was not finite, to name the first
 * tensor at fault.
 *
 * @param loader positioned before the step
 */
export async function diagnoseStep(
  engine: TrainEngine,
  loader: BatchLoader,
  { loss, gradNorm }: StepRecord,
  step: number,
): Promise<NonFiniteStepError> {
  const tensor = await findNonFinite(engine, loader.next(), step);
  const where = tensor
    ? `first in ${describeTensor(tensor)}`
    : "in no single tensor: the gradient's norm overflowed";
  return new NonFiniteStepError(
    step,
    `loss ${loss}, gradient norm ${gradNorm}, not finite ${where}`,
  );
}

/** Names the weights behind a validation loss that is not finite. */
export async function diagnoseEvaluation(
  engine: TrainEngine,
  loss: number,
  step: number,
): Promise<NonFiniteStepError> {
  const tensor = await findNonFiniteWeight(engine);
  const where = tensor ? `, as are ${describeTensor(tensor)}` : "";
  return new NonFiniteStepError(
    step,
    `validation loss ${loss}, not finite${where}`,
  );
}

const describeTensor = ({ tensor, label, count }: NonFiniteTensor) =>
  `'${tensor}' (${label}; ${count} values)`;
