/**
 * What became of the documents, and the lines that say so: the same ones for
 * every command that reads data.
 * @module
 */
import {
  counted,
  formatBytes,
  formatCount,
} from "../../terminal/format_numbers.ts";
import { oneLine } from "../../terminal/quote.ts";
import type { Skipped } from "../scan/skip_counts.ts";
import type { SplitName, StoreSummary } from "../store/token_store.ts";

/** A finished store. */
export interface Prepared {
  /** Can be opened with `TokenStore.open()`, unless `out` was given. */
  dir: string;
  /** Whether it existed already. */
  reused: boolean;
  summary: StoreSummary & { skipped: Skipped };
  /** The files that were read. */
  read: { train: ReadFiles; valid: ReadFiles | null };
  /**
   * Why records and files were skipped, with the file's name; only the first
   * few.
   */
  reasons: string[];
}

/** What some files hold. */
export interface ReadFiles {
  /** Files with documents. */
  files: number;
  /** Their documents. */
  documents: number;
  /** How many of them are not used, by the limit that `rule` sets. */
  unused: number;
  /** What the user knows the limit by. */
  rule: string;
}

/** How {@linkcode preparedLines} names things. */
export interface PreparedLinesOptions {
  /** What documents are cut into. @default "sequence" */
  unit?: string;
  /**
   * The splits to show, and their titles.
   * @default both, by their names
   */
  splits?: Partial<Record<SplitName, string>>;
}

/** The lines that tell a user what became of the documents. */
export function preparedLines(
  prepared: Prepared,
  {
    unit = "sequence",
    splits = { train: "train", valid: "valid" },
  }: PreparedLinesOptions = {},
): string[] {
  const { summary, read } = prepared;
  const lines = [`text    ${describeRead(read.train)}`];
  if (read.valid) lines[0] += `; held out, ${describeRead(read.valid)}`;
  for (const [name, title] of Object.entries(splits)) {
    const split = summary.splits[name as SplitName];
    const { documents, tooShort, bytes, tokens, chunks } = split;
    const perToken = tokens > 0 ? (bytes / tokens).toFixed(2) : "no";
    lines.push(
      [
        title.padEnd(6),
        counted(documents, "document") +
        (tooShort > 0 ? ` (${tooShort} too short)` : ""),
        formatBytes(bytes),
        `${formatCount(tokens)} tokens (${perToken} bytes each)`,
        counted(chunks, unit),
      ].join("  "),
    );
  }
  return [...lines, ...skippedLines(prepared)];
}

/** The lines that tell what was skipped, and why; none if nothing was. */
export function skippedLines({ summary, reasons }: Prepared): string[] {
  const counts = skippedText(summary.skipped);
  if (counts === "") return [];
  return [
    `skipped  ${counts}`,
    ...reasons.map((reason) => `  ${oneLine(reason, Infinity)}`),
  ];
}

/** What was skipped and the first reason, as a clause; "" for nothing. */
export function skippedClause(
  skipped: Skipped,
  reasons: readonly string[],
): string {
  const counts = skippedText(skipped);
  if (counts === "") return "";
  const [first] = reasons;
  return first ? `${counts}, the first as ${oneLine(first, Infinity)}` : counts;
}

function skippedText(skipped: Skipped): string {
  return Object.entries(skipped).filter(([, count]) => count > 0)
    .map(([why, count]) => counted(count, ...SKIPPED[why])).join(", ");
}

function describeRead({ files, documents, unused, rule }: ReadFiles): string {
  const all = `${counted(documents, "document")} in ${counted(files, "file")}`;
  return unused === 0
    ? all
    : `${all}, of which ${unused} are left out by ${rule}`;
}

/** What was skipped, in singular and plural, by its key in store.json. */
const SKIPPED: Record<string, [one: string, several: string]> = {
  binary: ["binary file", "binary files"],
  undecodable: ["file not UTF-8", "files not UTF-8"],
  empty: ["empty file", "empty files"],
  unreadable: ["unreadable record", "unreadable records"],
  duplicate: ["duplicate", "duplicates"],
  files: ["unreadable file", "unreadable files"],
};
