/** Formats tables for the terminal and for Markdown. @module */

/** A table whose cells are formatted text. */
export interface Table {
  title: string;
  headings: readonly string[];
  rows: readonly (readonly string[])[];
  /** Lines below the table. */
  notes?: readonly string[];
}

/** Whether a cell's text is a number, possibly with a unit. */
const numeric = (cell: string) =>
  /^(-|[-+]?[\d.,]+(e[-+]?\d+)?( ?[%\w]+)?)$/.test(cell);

/** Formats a table for the terminal; columns of numbers are right-aligned. */
export function asText({ title, headings, rows, notes = [] }: Table): string {
  const right = headings.map((_, i) =>
    rows.length > 0 && rows.every((row) => numeric(row[i]))
  );
  const widths = headings.map((heading, i) =>
    Math.max(heading.length, ...rows.map((row) => row[i].length))
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) =>
      right[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i])
    ).join("  ").trimEnd();
  return [title, line(headings), ...rows.map(line), ...notes].join("\n") + "\n";
}

/** Formats a table as a section of Markdown. */
export function asMarkdown(
  { title, headings, rows, notes = [] }: Table,
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((c) => c.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    `## ${title}`,
    "",
    line(headings),
    line(headings.map(() => "---")),
    ...rows.map(line),
    ...notes.flatMap((note) => ["", note]),
    "",
  ].join("\n");
}

/** Formats a number with three significant digits: `0.123`, `12.3`, `1230`. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 0.001) return value.toExponential(1);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(digits);
}

/** Formats a fraction as a percentage; `-` for null. */
export const percent = (part: number | null): string =>
  part === null ? "-" : `${threeDigits(100 * part)} %`;
