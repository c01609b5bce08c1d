/**
 * What a store will be, from the first pass over the data: its documents, how
 * many are held out, and its fingerprint.
 * @module
 */
import { UserError } from "../../errors.ts";
import { TokenizePool } from "../pool/tokenize_pool.ts";
import { MAX_REASONS } from "../pool/work_unit.ts";
import { documentsOf, heldOutCount } from "../scan/document_selection.ts";
import { fingerprintOf } from "../scan/fingerprint.ts";
import { ScanCache } from "../scan/scan_cache.ts";
import { type Entry, type Input, scanInputs } from "../scan/scan_inputs.ts";
import { newSkipCounts, type SkipCounts } from "../scan/skip_counts.ts";
import { memoryTexts } from "../sources/text_pieces.ts";
import { STORE_FORMAT } from "../store/token_store.ts";
import {
  checkOptions,
  DEFAULT_VALID_FRACTION,
  type PrepareOptions,
} from "./options.ts";
import { type ReadFiles, skippedClause } from "./prepared.ts";
import { progressMeter } from "./progress.ts";

/** What a store will be. */
export interface StorePlan {
  /** Entries of held-out files first, then the others. */
  entries: Entry[];
  /** How many of the entries belong to held-out files. */
  validEntries: number;
  /** How many documents of the other entries are held out. */
  heldOut: number;
  /** As in `StoreSummary`. */
  validFraction: number | null;
  /** What the first pass skipped. */
  skipCounts: SkipCounts;
  /** What is there to train on, and in held-out files. */
  read: { train: ReadFiles; valid: ReadFiles | null };
  /** Bytes of text, uncompressed. */
  bytes: number;
  fingerprint: string;
  /** The worker threads, started at the first call. */
  pool: () => TokenizePool;
  /** Ends the threads, if any were started. */
  closePool: () => void;
}

/**
 * The first pass: reads everything that decides what the store will be.
 * @throws {UserError} if an option is out of range or nothing can be read.
 */
export async function planStore(options: PrepareOptions): Promise<StorePlan> {
  checkOptions(options);
  const { validDocuments: validInputs = [], documents } = options;
  const validPaths = new Set<string | null>(
    validInputs.map(({ path }) => path),
  );
  const inputs: Input[] = "files" in documents
    ? documents.files.filter(({ path }) => !validPaths.has(path))
    : memoryTexts(documents.texts);
  if (inputs.length === 0 && validInputs.length > 0) {
    throw new UserError(
      "Cannot train as 'data.valid_files' holds out every file of 'data.files'",
    );
  }
  const size = sizeOf(inputs) + sizeOf(validInputs);
  const { pool, closePool } = lazyPool(options, size);
  try {
    const skipCounts = newSkipCounts();
    const { unopened = [] } = options;
    skipCounts.skipped.files += unopened.length;
    skipCounts.reasons.push(
      ...unopened.slice(0, MAX_REASONS).map(({ name, reason }) =>
        `${name}: ${reason}`
      ),
    );
    const meter = progressMeter("check", size, options.onProgress);
    const scanOptions = {
      pool,
      cache: new ScanCache(options.cacheDir),
      skipBad: options.skipBad ?? false,
      skipNamed: options.skipNamed ?? options.skipBad ?? false,
      skipCounts,
      onBytes: (bytes: number) => void meter(bytes),
    };
    const validEntries = await scanInputs(validInputs, scanOptions);
    if (validInputs.length > 0) {
      requireText(validEntries, skipCounts, "data.valid_files");
    }
    const entries = await scanInputs(inputs, scanOptions);
    requireText(entries, skipCounts, "data.files");
    return {
      ...decidePlan(
        entries,
        validInputs.length > 0 ? validEntries : null,
        skipCounts,
        options,
      ),
      skipCounts,
      pool,
      closePool,
    };
  } catch (error) {
    closePool();
    throw error;
  }
}

function decidePlan(
  entries: Entry[],
  heldOutEntries: Entry[] | null,
  skipCounts: SkipCounts,
  options: PrepareOptions,
): Omit<StorePlan, "skipCounts" | "pool" | "closePool"> {
  const {
    tokenizer,
    sequenceLength,
    seed = 0,
    maxDocuments = null,
    validMaxDocuments = null,
    dedup = false,
    skipBad = false,
  } = options;
  const validEntries = heldOutEntries ?? [];
  const validFraction = heldOutEntries
    ? null
    : options.validFraction ?? DEFAULT_VALID_FRACTION;
  const heldOut = requireHeldOut(
    entries,
    validFraction ?? 0,
    skipCounts,
    options,
  );
  const fingerprint = fingerprintOf(
    tokenizer,
    {
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
    },
    [entries, validEntries],
    options,
  );
  const all = [...validEntries, ...entries];
  return {
    entries: all,
    validEntries: validEntries.length,
    heldOut,
    validFraction,
    read: {
      train: readFiles(
        entries,
        maxDocuments,
        options.maxDocumentsRule ?? "data.max_documents",
      ),
      valid: heldOutEntries
        ? readFiles(
          heldOutEntries,
          validMaxDocuments,
          "data.valid_max_documents",
        )
        : null,
    },
    bytes: all.reduce((sum, { scan }) => sum + scan.unpacked, 0),
    fingerprint,
  };
}

function readFiles(
  entries: readonly Entry[],
  limit: number | null,
  rule: string,
): ReadFiles {
  const documents = documentsOf(entries);
  const unused = Math.max(0, documents - (limit ?? documents));
  return { files: entries.length, documents, unused, rule };
}

/** Less text than this is processed faster than threads start. */
const LITTLE_BYTES = 1 << 22;

/**
 * Default limit: a thread takes about 110 MB with gpt2, so six stay within 1 GB
 * in total.
 */
const MAX_THREADS = 6;

function lazyPool(
  options: PrepareOptions,
  size: number,
): Pick<StorePlan, "pool" | "closePool"> {
  const { tokenizer, dedup = false, skipBad = false } = options;
  const workers = options.workers ??
    (size < LITTLE_BYTES
      ? 0
      : Math.min(MAX_THREADS, navigator.hardwareConcurrency));
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

/**
 * Number of documents that are held out.
 * @throws {UserError} if there is only one document.
 */
function requireHeldOut(
  entries: readonly Entry[],
  fraction: number,
  { skipped, reasons, emptyReasons }: SkipCounts,
  { sequenceLength, maxDocuments }: PrepareOptions,
): number {
  const documents = documentsOf(entries);
  const used = Math.min(documents, maxDocuments ?? Infinity);
  const count = heldOutCount(used, fraction);
  if (count !== null) return count;
  const [{ input, scan }] = entries;
  // Every token has at least one byte, so this document is too short for a
  // sequence as well: the error about its length helps more.
  if (entries.length === 1 && scan.unpacked < sequenceLength) return 0;
  if (used < documents) {
    throw new UserError(
      "Cannot hold out documents as 'data.max_documents' must be at least 2 for that: got 1; raise it, or name held-out files in 'data.valid_files'",
    );
  }
  const clause = skippedClause(skipped, [...reasons, ...emptyReasons]);
  throw new UserError(
    `Cannot hold out documents as there is only one ('${input.name}'): ` +
      "give more files, or name held-out files in 'data.valid_files'" +
      (clause && `; skipped: ${clause}`),
  );
}

function requireText(
  entries: readonly Entry[],
  { skipped, reasons, emptyReasons }: SkipCounts,
  key: string,
): void {
  if (entries.length > 0) return;
  const got = skippedClause(skipped, [...reasons, ...emptyReasons]);
  throw new UserError(
    `Cannot read any text from '${key}' as it must name UTF-8 text files: got ${
      got || "none"
    }`,
  );
}
