/**
 * What a store will be, from the first reading: its documents, what is held out, and its fingerprint.
 * @module
 */
import { UserError } from "../../errors.ts";
import { memoryTexts } from "../sources/text_pieces.ts";
import { ScanCache } from "../scan/scan_cache.ts";
import { fingerprintOf } from "../scan/fingerprint.ts";
import {
  type Entry,
  type Input,
  newSkipCounts,
  scanInputs,
  type SkipCounts,
} from "../scan/scan_inputs.ts";
import { TokenizePool } from "../pool/tokenize_pool.ts";
import {
  checkOptions,
  DEFAULT_VALID_FRACTION,
  type PrepareOptions,
} from "./options.ts";
import { progressMeter } from "./progress.ts";
import { DocumentSelection } from "../scan/document_selection.ts";
import { STORE_FORMAT } from "../store/token_store.ts";

/** What a store will be. */
export interface StorePlan {
  /** Those of held-out files, then the others. */
  entries: Entry[];
  /** How many entries are of held-out files. */
  validEntries: number;
  /** How many of the other documents are held out. */
  held: number;
  /** As `StoreSummary` has it. */
  validFraction: number | null;
  /** What the first reading has left out. */
  tally: SkipCounts;
  /** Bytes of text, unpacked. */
  bytes: number;
  fingerprint: string;
  /** The threads; started when first asked for. */
  pool: () => TokenizePool;
  /** Ends the threads, if there are any. */
  closePool: () => void;
}

/**
 * Reads everything that decides what the store will be.
 * @throws {UserError} if an option is out of range or there is nothing that can be read.
 */
export async function planStore(options: PrepareOptions): Promise<StorePlan> {
  checkOptions(options);
  const { validDocuments: held = [], documents } = options;
  const heldPaths = new Set<string | null>(held.map(({ path }) => path));
  const all: Input[] = "files" in documents
    ? documents.files.filter(({ path }) => !heldPaths.has(path))
    : memoryTexts(documents.texts);
  if (all.length === 0 && held.length > 0) {
    throw new UserError(
      "Cannot train as 'data.valid_files' holds out every file of 'data.files'",
    );
  }
  const size = sizeOf(all) + sizeOf(held);
  const { pool, closePool } = lazyPool(options, size);
  try {
    const counts = newSkipCounts();
    const meter = progressMeter("check", size, options.onProgress);
    const reading = {
      pool,
      cache: new ScanCache(options.cacheDir),
      skipBad: options.skipBad ?? false,
      tally: counts,
      onBytes: (bytes: number) => void meter(bytes),
    };
    const validEntries = await scanInputs(held, reading);
    if (held.length > 0) {
      requireText(validEntries, held, counts, "data.valid_files");
    }
    const entries = await scanInputs(all, reading);
    requireText(entries, all, counts, "data.files");
    return {
      ...planOf(entries, validEntries, held.length > 0, options),
      tally: counts,
      pool,
      closePool,
    };
  } catch (error) {
    closePool();
    throw error;
  }
}

function planOf(
  entries: Entry[],
  validEntries: Entry[],
  heldFiles: boolean,
  options: PrepareOptions,
): Omit<StorePlan, "tally" | "pool" | "closePool"> {
  const {
    tokenizer,
    sequenceLength,
    seed = 0,
    maxDocuments = null,
    validMaxDocuments = null,
    dedup = false,
    skipBad = false,
  } = options;
  const validFraction = heldFiles
    ? null
    : options.validFraction ?? DEFAULT_VALID_FRACTION;
  const held = validFraction
    ? heldOutCount(entries, validFraction, options)
    : 0;
  const fingerprint = fingerprintOf(tokenizer, {
    format: options.out
      ? options.out.format ?? "other 1"
      : `store ${STORE_FORMAT}`,
    contextLength: sequenceLength,
    seed,
    validFraction,
    maxDocuments,
    validMaxDocuments,
    dedup,
    skipBad,
  }, [entries, validEntries]);
  const both = [...validEntries, ...entries];
  return {
    entries: both,
    validEntries: validEntries.length,
    held,
    validFraction,
    bytes: both.reduce((sum, { facts }) => sum + facts.unpacked, 0),
    fingerprint,
  };
}

/**
 * For each entry of a plan, the selection of its documents.
 * @param held how many of those that are not of held-out files
 */
export function selectionsOf(
  { entries, validEntries }: StorePlan,
  held: number,
  options: PrepareOptions,
): (entry: number) => DocumentSelection {
  const { seed = 0, maxDocuments = null, validMaxDocuments = null } = options;
  const valid = new DocumentSelection({
    documents: documentsOf(entries.slice(0, validEntries)),
    most: validMaxDocuments,
    held: 0,
    split: "valid",
    seed,
  });
  const train = new DocumentSelection({
    documents: documentsOf(entries.slice(validEntries)),
    most: maxDocuments,
    held,
    split: "train",
    seed,
  });
  return (entry) => entry < validEntries ? valid : train;
}

/** Less text than this is read sooner than threads start. */
const LITTLE_BYTES = 1 << 22;

/** Threads unless more are asked for: a thread takes some 110 MB with gpt2, and six stay within 1 GB in all. */
const MOST_THREADS = 6;

function lazyPool(options: PrepareOptions, size: number) {
  const { tokenizer, dedup = false, skipBad = false } = options;
  const workers = options.workers ??
    (size < LITTLE_BYTES
      ? 0
      : Math.min(MOST_THREADS, navigator.hardwareConcurrency));
  let pool: TokenizePool | undefined;
  return {
    pool: () =>
      pool ??= new TokenizePool(workers, tokenizer, { dedup, skipBad }),
    closePool: () => pool?.close(),
  };
}

function sizeOf(inputs: readonly { bytes: number }[]): number {
  return inputs.reduce((sum, { bytes }) => sum + bytes, 0);
}

function documentsOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { facts }) => sum + facts.documents, 0);
}

/** At least one document on either side. */
function heldOutCount(
  entries: readonly Entry[],
  fraction: number,
  { sequenceLength, maxDocuments }: PrepareOptions,
): number {
  const n = Math.min(documentsOf(entries), maxDocuments ?? Infinity);
  if (n > 1) return Math.min(n - 1, Math.max(1, Math.round(n * fraction)));
  const [{ input, facts }] = entries;
  // Tokens are never shorter than a byte, so this one is too short anyhow: that is the better thing to say.
  if (entries.length === 1 && facts.unpacked < sequenceLength) return 0;
  if (n < documentsOf(entries)) {
    throw new UserError(
      "Cannot hold out documents as 'data.max_documents' must be at least 2 for that: got 1; raise it, or name held-out files in 'data.valid_files'",
    );
  }
  throw new UserError(
    `Cannot hold out documents as there is only one ('${input.name}'): ` +
      "give more files, or name held-out files in 'data.valid_files'",
  );
}

function requireText(
  entries: readonly Entry[],
  inputs: readonly Input[],
  { skipped: { binary, undecodable, files } }: SkipCounts,
  key: string,
): void {
  if (entries.length > 0) return;
  const empty = inputs.length - binary - undecodable - files;
  const others = (files > 0 ? `, ${files} unreadable` : "") +
    (empty > 0 ? `, ${empty} without a document` : "");
  throw new UserError(
    `Cannot read any text from '${key}' as it must name UTF-8 text files: got ${inputs.length} ` +
      `(${binary} binary, ${undecodable} not UTF-8${others})`,
  );
}
