/**
 * How far may each quantity be from the authors' float64 numbers? In fp32 as
 * the fixtures' README says; in fp16 as far as their own code goes when its
 * tensors are stored in float16, from `fp16_tolerances.json` beside the
 * fixtures.
 * @module
 */
import { basename, dirname } from "node:path";
import type { Precision, PrecisionOptions } from "../engine/precision.ts";
import { UserError } from "../errors.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import type { Expected } from "./fixture_files.ts";
import { gap } from "./parity_row.ts";
import {
  horizonTolerance,
  type HorizonTolerances,
  type TrajectoryTolerance,
  trajectoryTolerance,
} from "./trajectory_tolerance.ts";

/** Largest allowed distances from a fixture's numbers. */
export interface FixtureTolerances {
  /** Of an element of `quantity`: of any, and per its size. */
  element(
    quantity: "logits" | "hidden states",
    want: Float32Array,
  ): { absolute: number; relative: number };
  /** The distance of a parameter's gradient, and the largest allowed one. */
  gradient(
    name: string,
    got: Float32Array,
    want: Float32Array,
  ): { error: number; tolerance: number };
  /** Of the loss under the stored weights, in nats per token. */
  loss: number;
  /** Of statistics, relative to them. */
  statistics: StatisticsTolerances;
  trajectory: TrajectoryTolerance;
  /**
   * Of the mean loss of the last updates of a long trajectory: how far the
   * seeds of the initial weights are apart.
   */
  end?: { updates: number; tolerance: number } | undefined;
}

/** Relative to the statistics. */
export interface StatisticsTolerances {
  attentionEntropy: number;
  hiddenStatistics: number;
  maxToMedian: number;
}

/** One residual precision of a fixture in `fp16_tolerances.json`. */
interface StoredTolerances {
  loss: number;
  /** Relative to the largest element. */
  logits: number;
  hidden: number;
  /** L2 norm of the error, by parameter with `*` for the layer. */
  gradients: Record<string, number>;
  attention_entropy?: number;
  hidden_statistics?: number;
  max_to_median?: number;
  trajectory: HorizonTolerances;
  /** Relative to the norm. */
  final_param_l2: number;
}

/** A fixture in `fp16_tolerances.json`. */
interface StoredFixture extends Record<Precision, StoredTolerances> {
  /** Mean losses at the end of fp32 runs from other initial weights. */
  seed_losses?: number[];
}

/** Of fp32. Ratios to a median depend mostly on the elements near 0. */
const STATISTICS: StatisticsTolerances = {
  attentionEntropy: 1e-4,
  hiddenStatistics: 1e-4,
  maxToMedian: 1e-3,
};

/** Updates whose losses make an entry of `seed_losses`. */
const LAST_UPDATES = 50;

/** The largest absolute value. */
export const largest = (values: Float32Array): number =>
  values.reduce((m, x) => Math.max(m, Math.abs(x)), 0);

/**
 * The tolerances of the fixture in folder `path`.
 *
 * @throws {UserError} if there are none for it in fp16
 */
export function fixtureTolerances(
  path: string,
  expected: Expected,
  { precision = "fp32", residualPrecision = "fp32" }: PrecisionOptions,
): FixtureTolerances {
  if (precision === "fp32") return singlePrecision(expected);
  const file = `${dirname(path)}/fp16_tolerances.json`;
  const stored = readStored(file)[basename(path)];
  if (!stored) {
    throw new UserError(
      `Cannot compare '${path}' in fp16 as '${file}' has no tolerances for it: compare it in fp32`,
    );
  }
  return halfPrecision(stored, residualPrecision);
}

const singlePrecision = (expected: Expected): FixtureTolerances => ({
  element: () => ({ absolute: 5e-5, relative: 5e-5 }),
  gradient: (_, got, want) => ({
    error: want.reduce((m, x, i) => Math.max(m, gap(got[i], x)), 0),
    tolerance: 5e-4 * largest(want) + 2e-6,
  }),
  loss: 1e-5,
  statistics: STATISTICS,
  trajectory: trajectoryTolerance(
    expected.float32_noise?.trajectory_max_so_far,
  ),
});

function halfPrecision(
  stored: StoredFixture,
  residual: Precision,
): FixtureTolerances {
  const tolerances = stored[residual], { seed_losses } = stored;
  const { hidden, logits } = tolerances;
  return {
    element: (quantity, want) => ({
      absolute: (quantity === "logits" ? logits : hidden) * largest(want),
      relative: 0,
    }),
    // Where an activation's derivative jumps, rounding moves single elements
    // of a gradient by a tenth of the largest; the norm hardly notices.
    gradient: (name, got, want) => ({
      error: Math.sqrt(
        want.reduce((sum, x, i) => sum + gap(got[i], x) ** 2, 0),
      ),
      tolerance: tolerances.gradients[name.replace(/\.\d+\./, ".*.")] ?? 0,
    }),
    loss: tolerances.loss,
    // A statistic that rounding does not move is still computed in float32.
    statistics: {
      attentionEntropy: Math.max(
        tolerances.attention_entropy ?? 0,
        STATISTICS.attentionEntropy,
      ),
      hiddenStatistics: Math.max(
        tolerances.hidden_statistics ?? 0,
        STATISTICS.hiddenStatistics,
      ),
      maxToMedian: Math.max(
        tolerances.max_to_median ?? 0,
        STATISTICS.maxToMedian,
      ),
    },
    trajectory: horizonTolerance(
      tolerances.trajectory,
      tolerances.final_param_l2,
    ),
    end: seed_losses && {
      updates: LAST_UPDATES,
      tolerance: Math.max(...seed_losses) - Math.min(...seed_losses),
    },
  };
}

function readStored(file: string): Record<string, StoredFixture> {
  let text: string;
  try {
    text = readSmallText(file);
  } catch {
    throw new UserError(
      `Cannot compare fixtures in fp16 as '${file}' cannot be read: it has their tolerances`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(
      `Cannot read '${file}' as it must be JSON: ${(cause as Error).message}`,
    );
  }
}
