/** Are the statistics those that the authors' code logs? @module */
import type { Model } from "../model/model.ts";
import { authorsLogGains } from "../statistics/gains.ts";
import type { Expected } from "./fixture_files.ts";
import type { StatisticsTolerances } from "./fixture_tolerances.ts";
import {
  compareNumbers,
  type ParityRow,
  parityRow,
  worstRow,
} from "./parity_row.ts";

/** Compared apart from the other statistics of hidden states. */
const RATIO = /\.max_median_ratio$/;

/** Gains are float32 in any precision; relative to them. */
const GAIN_TOLERANCE = 1e-4;

/** A statistic below this is rounding: it is a difference of larger sums. */
const NOISE = 1e-7;

/**
 * One row each for entropies, hidden states, ratios to the median, and gains.
 *
 * @param got numbers by the names of `docs/metrics.md`
 */
export function statisticsRows(
  model: Model,
  got: Readonly<Record<string, number>>,
  want: NonNullable<Expected["statistics"]>,
  tolerances: StatisticsTolerances,
): ParityRow[] {
  const compare = (
    quantity: string,
    entries: [string, number][],
    relative: number,
  ) =>
    worstRow(entries.map(([name, x]) => {
      const tolerance = relative * Math.abs(x) + NOISE;
      return compareNumbers(quantity, name, got[name], x, tolerance);
    }));
  const hidden = want.hidden_states.flatMap((numbers, i) =>
    Object.entries(numbers).map(([name, x]): [string, number] => [
      `hidden_states.${i}.${name}`,
      x,
    ])
  );
  const entropies = want.attn_entropy.map((x, i): [string, number] => [
    `attn.${i}.entropy`,
    x,
  ]);
  return [
    compare("attention entropy", entropies, tolerances.attentionEntropy),
    compare(
      "hidden statistics",
      hidden.filter(([name]) => !RATIO.test(name)),
      tolerances.hiddenStatistics,
    ),
    compare(
      "max to median",
      hidden.filter(([name]) => RATIO.test(name)),
      tolerances.maxToMedian,
    ),
    gains(),
  ];

  /** Where the authors' code fails, only that it would fail is compared. */
  function gains(): ParityRow {
    const logs = authorsLogGains(model);
    if (want.gains === null && !logs) {
      return parityRow("gains", "none, as in the authors' code", 0, 0);
    }
    if (want.gains !== null && logs) {
      return compare("gains", Object.entries(want.gains), GAIN_TOLERANCE);
    }
    const where = logs ? "none are logged there" : "the value layers are plain";
    return parityRow("gains", where, Infinity, 0);
  }
}
