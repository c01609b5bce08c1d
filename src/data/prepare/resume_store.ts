/**
 * The second pass over the data: fills the folder of a store, from the start or
 * from where an earlier run stopped.
 * @module
 */
import { readdirSync, rmSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { UserError } from "../../errors.ts";
import { MAX_REASONS } from "../pool/work_unit.ts";
import { nextHeldOutCount, selectionsOf } from "../scan/document_selection.ts";
import { stampOf } from "../scan/scan_cache.ts";
import type { Skipped } from "../scan/skip_counts.ts";
import { changedError } from "../sources/text_pieces.ts";
import type { TokenSink } from "../store/token_sink.ts";
import {
  STORE_FORMAT,
  type StoreSummary,
  summaryIfSame,
  writeSummary,
} from "../store/token_store.ts";
import { TokenStoreSink } from "../store/token_store_sink.ts";
import { Journal } from "./journal.ts";
import type { PrepareOptions } from "./options.ts";
import { skippedClause } from "./prepared.ts";
import { progressMeter } from "./progress.ts";
import type { StorePlan } from "./store_plan.ts";
import {
  emptyState,
  type RecordReason,
  writeStore,
  type WriteStoreState,
} from "./write_store.ts";

const SHARD_BYTES = 1 << 25;

/**
 * Writes the whole store into a folder that is empty or was left unfinished by
 * an earlier run.
 * @throws {UserError} if no document is long enough for a sequence, or
 *   something cannot be read.
 */
export async function resumeStore(
  dir: string,
  plan: StorePlan,
  options: PrepareOptions,
): Promise<StoreSummary> {
  const { fingerprint } = plan;
  // The earlier run stopped after its last write and before the rename.
  const finished = summaryIfSame(dir, fingerprint, options.out !== undefined);
  if (finished) {
    new Journal(dir, fingerprint).remove();
    return finished;
  }
  // The earlier run stopped within its last write.
  rmSync(join(dir, "store.json"), { force: true });
  let journal = new Journal<WriteStoreState>(dir, fingerprint);
  let state = journal.lastState;
  let sink = state && restoreSink(dir, state, options);
  if (state && sink) {
    const share = Math.floor(100 * state.bytes / Math.max(1, plan.bytes));
    options.say?.(
      `continuing where an earlier run stopped, at ${share} % of the text`,
    );
  }
  let heldOut = plan.heldOut;
  for (;;) {
    if (!state || !sink) {
      emptyFolder(dir);
      journal = new Journal(dir, fingerprint);
      state = emptyState(heldOut);
      sink = createSink(dir, options);
    }
    try {
      await writeRest(plan, options, { journal, state, sink });
      const next = nextHeldOutCount(state.held, {
        validSequences: state.splits.valid.chunks,
        firstRank: state.firstRank,
      });
      if (next !== null) {
        // Start over, with more documents held out.
        heldOut = next;
      } else {
        requireSequences(state, plan, options);
        sink.finish();
        const summary = summaryOf(state, plan, options);
        writeSummary(dir, summary);
        journal.remove();
        return summary;
      }
    } finally {
      sink.close();
    }
    state = sink = undefined;
  }
}

async function writeRest(
  plan: StorePlan,
  options: PrepareOptions,
  at: {
    journal: Journal<WriteStoreState>;
    state: WriteStoreState;
    sink: TokenSink;
  },
): Promise<void> {
  const { tokenizer, dedup = false, shardBytes = SHARD_BYTES } = options;
  const { entries, bytes, pool } = plan;
  await writeStore({
    ...at,
    entries,
    selectionOf: selectionsOf(plan, at.state.held, options),
    dedup,
    tokenizer,
    pool: pool(),
    shardBytes,
    onBytes: progressMeter(
      "tokenize",
      bytes,
      options.onProgress,
      at.state.bytes,
    ),
  });
  for (const { input, stamp } of entries) {
    // Plain text was compared by its digest while it was read.
    const compared = input.format === "text" && input.compression === "none";
    if (!compared && input.path !== null && stampOf(input.path) !== stamp) {
      throw changedError(input.name);
    }
  }
}

function bytesPerTokenOf({ tokenizer }: PrepareOptions): 2 | 4 {
  return tokenizer.vocabSize <= 0x10000 ? 2 : 4;
}

function createSink(dir: string, options: PrepareOptions): TokenSink {
  const { out, tokenizer, sequenceLength } = options;
  return out ? out.sink(dir, tokenizer) : new TokenStoreSink(dir, {
    sequenceLength,
    bytesPerToken: bytesPerTokenOf(options),
  });
}

/**
 * The sink of an earlier run; undefined if its files do not match its journal.
 */
function restoreSink(
  dir: string,
  state: WriteStoreState,
  options: PrepareOptions,
): TokenSink | undefined {
  const sink = createSink(dir, options);
  try {
    sink.restore(state.sink);
    return sink;
  } catch {
    sink.close();
    return undefined;
  }
}

function emptyFolder(dir: string): void {
  for (const name of readdirSync(dir)) {
    rmSync(join(dir, name), { recursive: true, force: true });
  }
}

/** Holds no time and no path: equal data makes equal stores. */
function summaryOf(
  { maxTokenId, splits, tally, reasons = [] }: WriteStoreState,
  { fingerprint, validFraction, skipCounts }: StorePlan,
  options: PrepareOptions,
): StoreSummary {
  const { tokenizer, sequenceLength, seed = 0 } = options;
  const { maxDocuments = null, validMaxDocuments = null } = options;
  return {
    format: STORE_FORMAT,
    fingerprint,
    tokenizer: isAbsolute(tokenizer.name)
      ? basename(tokenizer.name)
      : tokenizer.name,
    vocabSize: tokenizer.vocabSize,
    contextLength: sequenceLength,
    bytesPerToken: bytesPerTokenOf(options),
    maxTokenId,
    seed,
    validFraction,
    maxDocuments,
    validMaxDocuments,
    skipped: skippedInBoth(skipCounts.skipped, tally.skipped),
    reasons,
    splits,
  };
}

/** What the first pass counts of a store, and what the second pass does. */
export function skippedInBoth(
  first: Skipped,
  { unreadable, duplicate }: Pick<Skipped, "unreadable" | "duplicate">,
): Skipped {
  return { ...first, unreadable, duplicate };
}

/**
 * Stops if a split that is needed has no sequence, and says what would help.
 */
function requireSequences(
  { splits: { train, valid }, longest, held, tally, reasons }: WriteStoreState,
  plan: StorePlan,
  { sequenceLength }: PrepareOptions,
): void {
  const skipped = skippedClause(
    skippedInBoth(plan.skipCounts.skipped, tally.skipped),
    reasonsOf(plan, reasons),
  );
  const nothingLeft = (what: string) =>
    nothingLeftError(what, reasonsOf(plan, reasons));
  const tooShort = (what: string, documents: number, longest: number) =>
    tooShortError(what, { documents, longest, sequenceLength, skipped });
  if (train.chunks === 0 && held > 0 && valid.chunks > 0) {
    throw new UserError(
      `Cannot split the data as all documents of at least ${sequenceLength} tokens ('model.context_length') ` +
        `are held out: give more files, lower it, or name held-out files in 'data.valid_files'`,
    );
  }
  if (train.chunks === 0) {
    // Held-out documents of the same files have no sequence either.
    const documents = train.documents + (held > 0 ? valid.documents : 0);
    const longestOfAll = Math.max(longest.train, held > 0 ? longest.valid : 0);
    if (documents === 0) throw nothingLeft("the data");
    throw tooShort("the data", documents, longestOfAll);
  }
  if (plan.validEntries > 0 && valid.chunks === 0) {
    const what = "the held-out data ('data.valid_files')";
    if (valid.documents === 0) throw nothingLeft(what);
    throw tooShort(what, valid.documents, longest.valid);
  }
}

/** The first reasons of both passes, with the files' names. */
export function reasonsOf(
  { entries, skipCounts }: StorePlan,
  recordReasons: readonly RecordReason[] = [],
): string[] {
  const ofRecords = recordReasons.map(({ entry, reason }) =>
    `${entries[entry]?.input.name}: ${reason}`
  );
  return [...skipCounts.reasons, ...ofRecords, ...skipCounts.emptyReasons]
    .slice(0, MAX_REASONS);
}

/** For documents that were all skipped, so that their length says nothing. */
function nothingLeftError(what: string, reasons: string[]): UserError {
  return new UserError(
    `Cannot prepare ${what} as all documents are skipped, ${
      reasons.length > 0
        ? `the first as ${reasons[0]}`
        : "being equal to held-out documents ('data.dedup')"
    }`,
  );
}

function tooShortError(
  what: string,
  { documents, longest, sequenceLength, skipped }: {
    documents: number;
    longest: number;
    sequenceLength: number;
    skipped: string;
  },
): UserError {
  const advice = longest < 2
    ? "give longer files"
    : `lower 'model.context_length' to at most ${longest} or give longer files`;
  return new UserError(
    `Cannot prepare ${what} as a document must have at least ${sequenceLength} tokens ('model.context_length'): ` +
      `${documents} of ${documents} are shorter, the longest has ${longest}; ${advice}` +
      (skipped && `; skipped: ${skipped}`),
  );
}
