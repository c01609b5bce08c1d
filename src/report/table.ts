/** Runs as a table: the cost of each, and the loss it reached. @module */
import type { LoggedRun } from "../run_folder/read_run.ts";
import {
  formatBytes,
  formatCount,
  formatTime,
  formatValue,
} from "../terminal/format_numbers.ts";

/**
 * Headings; the first {@linkcode TEXT_COLUMNS} columns hold text, the others
 * numbers.
 */
export const COLUMNS = [
  "run",
  "model",
  "parameters",
  "FLOPs/step",
  "peak memory",
  "tokens/s",
  "steps",
  "time",
  "train loss",
  "validation loss",
];

/** Number of columns that hold text. */
export const TEXT_COLUMNS = 2;

/** The cells of one run; a dash for an unknown value. */
export function tableCells(run: LoggedRun): string[] {
  const known = (
    value: number | null,
    format: (value: number) => string,
  ) => value === null ? "–" : format(value);
  return [
    run.label,
    run.model,
    known(run.parameters, formatCount),
    known(run.flopsPerStep, (n) => n.toExponential(2)),
    known(run.peakMemory, formatBytes),
    known(run.tokensPerSecond, formatCount),
    String(run.steps),
    known(run.seconds, formatTime),
    known(run.trainLoss, (x) => formatValue(x, 4)),
    known(run.evalLoss, (x) => formatValue(x, 4)),
  ];
}

/** Formats the table for the terminal. */
export function formatRunTable(runs: readonly LoggedRun[]): string[] {
  const rows = [COLUMNS, ...runs.map(tableCells)];
  const widths = COLUMNS.map((_, i) =>
    Math.max(...rows.map((row) => [...row[i]].length))
  );
  return rows.map((row) =>
    row.map((cell, i) => {
      const space = " ".repeat(widths[i] - [...cell].length);
      return i < TEXT_COLUMNS ? cell + space : space + cell;
    }).join("  ").trimEnd()
  );
}
