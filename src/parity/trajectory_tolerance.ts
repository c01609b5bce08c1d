/**
 * How far may the losses of a trajectory be from the authors' float64 numbers?
 * A long trajectory is compared with the noise of their own code in float32,
 * since 1,000 updates amplify rounding as well as errors.
 * @module
 */

/**
 * How far float32 runs of the authors' code are from float64: the largest
 * distances within the first updates. The second run has the rows of each batch
 * in reverse order.
 */
export interface TrajectoryNoise {
  /** Numbers of updates, ascending. */
  steps: number[];
  /** Nats per token. */
  "f32 loss": number[];
  "f32_rows_reversed loss": number[];
  /** Relative to the norm. */
  "f32 grad_norm rel": number[];
  "f32_rows_reversed grad_norm rel": number[];
}

/** The largest allowed distances. */
export interface TrajectoryTolerance {
  /** Of the loss before update `k`, in nats per token. */
  loss(k: number): number;
  /** Of the gradient norm of update `k`, relative to it. */
  gradNorm(k: number): number;
  /** Of a parameter's norm after all updates, relative to it. */
  finalNorm: number;
}

/**
 * Distances allowed per distance of the reference's noise. Another order of
 * sums changes the noise by a factor of up to 1.5 within a horizon.
 */
const NOISE_FACTOR = 4;

/** Where the noise is not known: ten updates, see `tests/golden/README.md`. */
const TEN_UPDATES: TrajectoryTolerance = {
  loss: () => 3e-5,
  gradNorm: () => 1e-4,
  finalNorm: 5e-5,
};

/** Tolerances for a fixture with this noise; without, those of ten updates. */
export function trajectoryTolerance(
  noise: TrajectoryNoise | undefined,
): TrajectoryTolerance {
  if (!noise) return TEN_UPDATES;
  const larger = (quantity: "loss" | "grad_norm rel") =>
    noise[`f32 ${quantity}`].map((x, i) =>
      NOISE_FACTOR * Math.max(x, noise[`f32_rows_reversed ${quantity}`][i])
    );
  const gradNorm = larger("grad_norm rel");
  return horizonTolerance(
    { steps: noise.steps, loss: larger("loss"), grad_norm: gradNorm },
    gradNorm.at(-1)!,
  );
}

/** The largest allowed distances within the first updates. */
export interface HorizonTolerances {
  /** Numbers of updates, ascending. */
  steps: number[];
  /** Nats per token. */
  loss: number[];
  /** Relative to the norm. */
  grad_norm: number[];
}

/**
 * An update has the tolerance of the first horizon that it is within; the last
 * one covers what follows.
 *
 * @param finalNorm of a parameter's norm after all updates, relative to it
 */
export function horizonTolerance(
  { steps, loss, grad_norm }: HorizonTolerances,
  finalNorm: number,
): TrajectoryTolerance {
  const horizon = (k: number) => {
    const found = steps.findIndex((count) => k < count);
    return found < 0 ? steps.length - 1 : found;
  };
  return {
    loss: (k) => loss[horizon(k)],
    gradNorm: (k) => grad_norm[horizon(k)],
    finalNorm,
  };
}
