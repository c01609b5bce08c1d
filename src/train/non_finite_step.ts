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
  /** What to do. */
  readonly remedy: string;

  /** @param why what is not finite, and in which tensor */
  constructor(
    step: number,
    why: string,
    remedy = "lower train.learning_rate, or lengthen the warm-up",
  ) {
    super(why);
    this.step = step;
    this.remedy = remedy;
  }
}

/**
 * Repeats a step whose loss or gradient was not finite, to name the first
 * tensor at fault.
 *
 * @param loader positioned before the step
 * @param drawn number of the step among those drawn, for dropout's masks
 * @param step the run's number of it
 */
export async function diagnoseStep(
  engine: TrainEngine,
  loader: BatchLoader,
  { loss, gradNorm, lossScale }: StepRecord,
  { drawn, step }: { drawn: number; step: number },
): Promise<NonFiniteStepError> {
  const tensor = await findNonFinite(engine, loader.next(), drawn);
  const where = tensor
    ? `first in ${describeTensor(tensor)}`
    : "in no single tensor: the gradient's norm overflowed";
  const facts = `loss ${loss}, gradient norm ${gradNorm}`;
  const least = engine.plans.options.lossScaling?.least;
  // No scale changes a loss.
  if (least === undefined || !Number.isFinite(loss)) {
    return new NonFiniteStepError(step, `${facts}, not finite ${where}`);
  }
  return new NonFiniteStepError(
    step,
    `${facts} at the loss scale ${lossScale}, half of which is not above train.min_loss_scale (${least}); not finite ${where}`,
    "lower train.learning_rate, clip gradients by train.max_grad_norm, or enlarge the batch",
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
