/** Runs as a table: what each costs beside what it reached. @module */
import {
  formatBytes,
  formatCount,
  formatTime,
  formatValue,
} from "../terminal/format_numbers.ts";
import type { RunData } from "../run_folder/read_run.ts";

/** Heads of the columns; the first two hold words, the others numbers. */
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

/** Columns of words. */
export const TEXT_COLUMNS = 2;

/** One run's cells; what is not known is a dash. */
export function tableCells(run: RunData): string[] {
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

/** The table as lines of text. */
export function formatRunTable(runs: readonly RunData[]): string[] {
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
