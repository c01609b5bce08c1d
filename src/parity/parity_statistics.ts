/** Are the statistics those that the authors' code logs? @module */
import type { Model } from "../model/model.ts";
import { authorsLogGains } from "../statistics/gains.ts";
import type { Expected } from "./fixture_files.ts";
import {
  compareNumbers,
  type ParityRow,
  parityRow,
  worstRow,
} from "./parity_row.ts";

/** Ratios to a median depend mostly on the elements near 0. */
const RATIO = /\.max_median_ratio$/;

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
): ParityRow[] {
  const compare = (quantity: string, entries: [string, number][]) =>
    worstRow(entries.map(([name, x]) => {
      const relative = RATIO.test(name) ? 1e-3 : 1e-4;
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
    compare("attention entropy", entropies),
    compare("hidden statistics", hidden.filter(([name]) => !RATIO.test(name))),
    compare("max to median", hidden.filter(([name]) => RATIO.test(name))),
    gains(),
  ];

  /** Where the authors' code fails, only that it would fail is compared. */
  function gains(): ParityRow {
    const logs = authorsLogGains(model);
    if (want.gains === null && !logs) {
      return parityRow("gains", "none, as in the authors' code", 0, 0);
    }
    if (want.gains !== null && logs) {
      return compare("gains", Object.entries(want.gains));
    }
    const where = logs ? "none are logged there" : "the value layers are plain";
    return parityRow("gains", where, Infinity, 0);
  }
}
