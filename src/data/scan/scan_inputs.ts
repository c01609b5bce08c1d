/**
 * The first pass: what each file holds, so that the store's content is known
 * before any tokenizing.
 * @module
 */
import { UserError } from "../../errors.ts";
import { oneLine } from "../../terminal/quote.ts";
import type { TokenizePool } from "../pool/tokenize_pool.ts";
import { MAX_REASONS } from "../pool/work_unit.ts";
import { LEAVE_OUT } from "../sources/mod.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";
import { type MemoryText, scanMemoryText } from "../sources/text_pieces.ts";
import { notUtf8 } from "../sources/utf8_check.ts";
import { type ScanCache, stampOf } from "./scan_cache.ts";
import type { SkipCounts } from "./skip_counts.ts";

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

/** How inputs are scanned. */
export interface ScanOptions {
  pool: () => TokenizePool;
  cache: ScanCache;
  /** Whether to continue after a fault. */
  skipBad: boolean;
  /**
   * Whether to continue where a file that is named by itself holds no text.
   */
  skipNamed: boolean;
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
 * @throws {UserError} if a file cannot be read and `skipBad` is not set, or
 *   named by itself, holds no text, and `skipNamed` is not set.
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
        const known = stamps[i] !== null && !results[at].unopened;
        if (known && stampOrNull(inputs[i]) === stamps[i]) {
          options.cache.put(files[at], stamps[i]!, results[at], since);
        }
      }
    }),
  );
  const entries: Entry[] = [];
  const refusals: Refusal[] = [];
  let firstDocument = 0;
  for (const [i, input] of inputs.entries()) {
    const scan = scans[i]!;
    const refusal = countSkipped(input, scan, options);
    if (refusal) refusals.push(refusal);
    if (scan.documents === 0 || scan.not) continue;
    entries.push({ input, scan, stamp: stamps[i], firstDocument });
    firstDocument += scan.documents;
  }
  if (refusals.length > 0) throw refusedError(refusals);
  return entries;
}

/** Why a file stops the scan. */
interface Refusal {
  /** The sentence. */
  message: string;
  /** What else could be done, as a clause; "" for nothing. */
  advice: string;
}

/**
 * Counts what cannot be used of an input.
 * @returns why it stops the scan; null if it does not
 */
function countSkipped(
  input: Input,
  scan: FileScan,
  { skipCounts, skipBad, skipNamed }: ScanOptions,
): Refusal | null {
  const { skipped, reasons, emptyReasons } = skipCounts;
  const note = (why: string, list = reasons) => {
    if (list.length < MAX_REASONS) list.push(`${input.name}: ${why}`);
  };
  const refuse = (clause: string, advice = `; ${LEAVE_OUT}`) => ({
    message: `Cannot read '${oneLine(input.name, Infinity)}'${clause}`,
    advice,
  });
  const refuseNamed = input.named && !skipNamed;
  const { documents, unpacked, fault, unopened, not, encoding } = scan;
  if (unopened !== undefined) {
    skipped.files++;
    note(unopened);
    return skipBad ? null : refuse(`: ${unopened}`);
  }
  if (fault !== null) {
    skipped.files++;
    const before = documents === 1
      ? "; 1 document before it is used"
      : `; ${documents} documents before it are used`;
    note(documents === 0 ? fault : fault + before);
    const advice = documents === 0 ? `; ${LEAVE_OUT}` : `; ${USE_START}`;
    return skipBad ? null : refuse(` as ${fault}`, advice);
  }
  if (not) {
    skipped[not]++;
    const binary = not === "binary" && !encoding;
    const why = binary ? "binary" : notUtf8(encoding);
    note(why.replace(/:.*/, ""));
    return refuseNamed ? refuse(` as it is ${why}`) : null;
  }
  const text = input.format === "text";
  if (text ? unpacked > 0 : documents > 0) return null;
  skipped.empty++;
  const why = text ? "it is empty" : "it holds no document";
  note(why, emptyReasons);
  return refuseNamed ? refuse(` as ${why}`) : null;
}

function refusedError([first, ...others]: readonly Refusal[]): UserError {
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return new UserError(first.message + more + first.advice);
}

/** What can be done about a file with documents before its fault. */
const USE_START =
  "--skip-bad (data.skip_bad=true) uses what is before that, and counts it";

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
