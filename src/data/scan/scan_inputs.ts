/**
 * The first pass: what each file holds, so that the store's content is known
 * before any tokenizing.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { TokenizePool } from "../pool/tokenize_pool.ts";
import { MAX_REASONS } from "../pool/work_unit.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";
import { type MemoryText, scanMemoryText } from "../sources/text_pieces.ts";
import { type ScanCache, stampOf } from "./scan_cache.ts";

/** What documents are read from. */
export type Input = SourceFile | MemoryText;

/** An input that holds documents. */
export interface Entry {
  input: Input;
  scan: FileScan;
  /** Stamp of the file before it was read; null for a text in memory. */
  stamp: string | null;
  /** Number of its first document; documents are numbered across entries. */
  firstDocument: number;
}

/** Numbers of what was skipped, by reason; also keys of `store.json`. */
export interface Skipped {
  /** Text files with a NUL byte. */
  binary: number;
  /** Text files that are not UTF-8. */
  undecodable: number;
  /** Records without text. */
  unreadable: number;
  /** Texts that came before, with `dedup`. */
  duplicate: number;
  /** Files that cannot be read, or not to their end. */
  files: number;
}

/** Collects what was skipped, and why. */
export interface SkipCounts {
  skipped: Skipped;
  /** Why, with the file's name, for the first few files and records. */
  reasons: string[];
}

/** Counts of zero. */
export function newSkipCounts(): SkipCounts {
  const skipped = {
    binary: 0,
    undecodable: 0,
    unreadable: 0,
    duplicate: 0,
    files: 0,
  };
  return { skipped, reasons: [] };
}

/** How inputs are scanned. */
export interface ScanOptions {
  pool: () => TokenizePool;
  cache: ScanCache;
  /** Whether to continue after a fault. */
  skipBad: boolean;
  skipCounts: SkipCounts;
  /** Called with numbers of bytes on disk that were read or need not be. */
  onBytes: (bytes: number) => void;
}

// Small files go to a worker in groups: a message costs more than reading one.
const GROUP_BYTES = 1 << 22;
const GROUP_FILES = 64;

/**
 * Scans inputs, as far as they are not in the cache.
 * @returns the entries with documents, in the given order; other inputs are
 *   counted in `skipCounts`
 * @throws {UserError} if a file cannot be read and `skipBad` is not set.
 */
export async function scanInputs(
  inputs: readonly Input[],
  options: ScanOptions,
): Promise<Entry[]> {
  const stamps: (string | null)[] = [];
  const scans: (FileScan | undefined)[] = [];
  const uncached: number[] = [];
  for (const [i, input] of inputs.entries()) {
    stamps[i] = stampOrNull(input);
    scans[i] = input.path === null
      ? scanMemoryText(input)
      : stamps[i] !== null
      ? options.cache.get(input, stamps[i])
      : undefined;
    if (scans[i]) options.onBytes(input.bytes);
    else uncached.push(i);
  }
  await Promise.all(
    groupFiles(uncached, inputs).map(async (group) => {
      const files = group.map((i) => inputs[i] as SourceFile);
      const since = Date.now();
      const results = await options.pool().scan(files, (bytes) => {
        options.onBytes(bytes);
      });
      for (const [at, i] of group.entries()) {
        scans[i] = results[at];
        if (stampOrNull(inputs[i]) === stamps[i] && stamps[i] !== null) {
          options.cache.put(files[at], stamps[i], results[at], since);
        }
      }
    }),
  );
  const entries: Entry[] = [];
  let firstDocument = 0;
  for (const [i, input] of inputs.entries()) {
    recordSkipped(input, scans[i]!, options);
    if (scans[i]!.documents === 0 || scans[i]!.not) continue;
    entries.push({
      input,
      scan: scans[i]!,
      stamp: stamps[i],
      firstDocument,
    });
    firstDocument += scans[i]!.documents;
  }
  return entries;
}

/** Counts what cannot be used of an input, or stops there without `skipBad`. */
function recordSkipped(
  input: Input,
  scan: FileScan,
  options: ScanOptions,
): void {
  const { skipped, reasons } = options.skipCounts;
  const note = (why: string) => {
    if (reasons.length < MAX_REASONS) reasons.push(`${input.name}: ${why}`);
  };
  if (scan.not) {
    skipped[scan.not]++;
    note(scan.not === "binary" ? "binary" : "not UTF-8");
  } else if (scan.fault !== null) {
    if (!options.skipBad) {
      throw new UserError(`Cannot read '${input.name}' as ${scan.fault}`);
    }
    skipped.files++;
    const { documents } = scan;
    note(
      documents === 0
        ? scan.fault
        : `${scan.fault}; ${documents} ${
          documents === 1 ? "document before it is" : "documents before it are"
        } used`,
    );
  }
}

/** Groups of files, each about as much work as one large file. */
function groupFiles(numbers: number[], inputs: readonly Input[]): number[][] {
  const groups: number[][] = [];
  let bytes = Infinity;
  for (const i of numbers) {
    if (bytes >= GROUP_BYTES || groups.at(-1)!.length >= GROUP_FILES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(i);
    bytes += inputs[i].bytes;
  }
  return groups;
}

function stampOrNull({ path }: Input): string | null {
  try {
    return path === null ? null : stampOf(path);
  } catch {
    // Reading the file will report the reason.
    return null;
  }
}
