/**
 * Writes a store: sends units of text to the pool and puts their tokens, in
 * input order, into a sink, saving its state after each shard.
 * @module
 */
import { UserError } from "../../errors.ts";
import { HASH_BYTES } from "../pool/content_hash.ts";
import { orderedConcurrency } from "../pool/ordered_concurrency.ts";
import type { TokenizePool } from "../pool/tokenize_pool.ts";
import {
  freeArrays,
  MAX_REASONS,
  type TokenizedUnit,
} from "../pool/work_unit.ts";
import type { Skipped } from "../scan/skip_counts.ts";
import type { SinkState, SplitName, TokenSink } from "../store/token_sink.ts";
import type { SplitSummary } from "../store/token_store.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { Journal } from "./journal.ts";
import { planUnits } from "./plan_units.ts";
import type { PlannedUnit, Position, UnitOptions } from "./planned_unit.ts";
import type { OnBytes } from "./progress.ts";

/** What to write, where, and how. */
export interface WriteStoreOptions extends Omit<UnitOptions, "from" | "cut"> {
  tokenizer: Tokenizer;
  pool: TokenizePool;
  /** Empty, or restored to the state. */
  sink: TokenSink & { savesWithin?: boolean };
  journal: Journal<WriteStoreState>;
  /**
   * Bytes of text per shard: at most this much is processed again after a kill.
   */
  shardBytes: number;
  state: WriteStoreState;
  onBytes: OnBytes;
}

/**
 * How far a store is: the state in `journal.jsonl`, so its keys stay as they
 * are. `held` is the count of held-out documents, `tally` the skip counts.
 */
export interface WriteStoreState {
  /** How many documents are held out by their rank. */
  held: number;
  position: Position;
  sink: SinkState;
  /** Bytes of text that have been processed. */
  bytes: number;
  splits: Record<SplitName, SplitSummary>;
  /** Tokens of the longest document of each split. */
  longest: Record<SplitName, number>;
  maxTokenId: number;
  /**
   * Lowest rank of a training document that is long enough for a sequence; null
   * if there is none.
   */
  firstRank: number | null;
  /**
   * A long text that is only partly written: its bytes so far, and whether it
   * is dropped as a duplicate.
   */
  open: { bytes: number; dropped: boolean } | null;
  /** What this pass skipped. */
  tally: { skipped: Pick<Skipped, "unreadable" | "duplicate"> };
  /**
   * Why it skipped the first few records; absent from older journals.
   */
  reasons?: RecordReason[];
}

/** Why a record was skipped. */
export interface RecordReason {
  /** Index of its entry. */
  entry: number;
  /** Why, starting with its place in the file. */
  reason: string;
}

/** The state of an empty store. */
export function emptyState(held: number): WriteStoreState {
  const split = (): SplitSummary => ({
    documents: 0,
    tooShort: 0,
    bytes: 0,
    tokens: 0,
    chunks: 0,
  });
  return {
    held,
    position: { entry: 0, document: 0, offset: 0 },
    sink: {},
    bytes: 0,
    splits: { train: split(), valid: split() },
    longest: { train: 0, valid: 0 },
    maxTokenId: 0,
    firstRank: null,
    open: null,
    tally: { skipped: { unreadable: 0, duplicate: 0 } },
    reasons: [],
  };
}

// Bytes of text in flight. Results take up to four more bytes per byte of text.
const FLIGHT_BYTES = 1 << 25;
const FLIGHT_UNITS = 3;

/**
 * Processes all documents after the state's position and updates `state` with
 * what was written.
 * @throws {UserError} if a record cannot be read, a file changed, or the
 *   tokenizer returns ids outside its vocabulary.
 */
export async function writeStore(options: WriteStoreOptions): Promise<void> {
  const { pool, tokenizer, state, journal, sink, onBytes } = options;
  const units = planUnits({
    ...options,
    from: state.position,
    cut: tokenizer.lastSafeCut?.bind(tokenizer),
  });
  const results = orderedConcurrency<PlannedUnit, TokenizedUnit>(
    units,
    ({ unit, transfer }) => pool.tokenize(unit, transfer),
    { items: pool.width * FLIGHT_UNITS, bytes: FLIGHT_BYTES },
  );
  let unsaved = 0;
  try {
    for await (const [planned, result] of results) {
      addUnit(planned, result, options);
      freeArrays(result.ids);
      state.position = planned.next;
      state.bytes += planned.bytes;
      unsaved += planned.bytes;
      if (unsaved >= options.shardBytes && (sink.savesWithin || !state.open)) {
        state.sink = sink.save();
        journal.save(state);
        unsaved = 0;
      }
      await onBytes(planned.bytes);
    }
  } finally {
    await units.return(undefined);
  }
}

function addUnit(
  planned: PlannedUnit,
  unit: TokenizedUnit,
  options: WriteStoreOptions,
): void {
  const { state, tokenizer } = options;
  const { tally: counts } = state;
  if (unit.maxTokenId >= tokenizer.vocabSize) {
    throw new UserError(
      `Cannot prepare the data as the tokenizer '${tokenizer.name}' returned token ${unit.maxTokenId} with a vocabulary size of ${tokenizer.vocabSize}`,
    );
  }
  state.maxTokenId = Math.max(state.maxTokenId, unit.maxTokenId);
  counts.skipped.unreadable += unit.unreadable;
  const reasons = state.reasons ??= [];
  for (const reason of unit.reasons.slice(0, MAX_REASONS - reasons.length)) {
    reasons.push({ entry: planned.entry, reason });
  }
  if (planned.piece) return addPiece(planned, planned.piece, unit, options);
  let from = 0;
  for (let i = 0; i < unit.ends.length; i++) {
    const ids = unit.ids.subarray(from, unit.ends[i]);
    from = unit.ends[i];
    const hash = unit.hashes?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
    if (hash && !options.journal.seen.add(hash)) {
      counts.skipped.duplicate++;
      continue;
    }
    const number = planned.firstDocument + unit.documents[i];
    const split = splitOf(planned, number, options);
    options.sink.push(split, ids);
    endDocument(split, number, unit.bytes[i], planned, options);
  }
}

/** Adds a piece of a long text. */
function addPiece(
  planned: PlannedUnit,
  { document, bytes: added, last, hash }: NonNullable<PlannedUnit["piece"]>,
  { ids }: TokenizedUnit,
  options: WriteStoreOptions,
): void {
  const { state, sink, journal } = options;
  state.open ??= {
    bytes: 0,
    dropped: hash !== null && !journal.seen.add(hash),
  };
  state.open.bytes += added;
  const { bytes, dropped } = state.open;
  const split = splitOf(planned, document, options);
  if (!dropped) sink.push(split, ids);
  if (!last) return;
  state.open = null;
  if (dropped) state.tally.skipped.duplicate++;
  else endDocument(split, document, bytes, planned, options);
}

function splitOf(
  { entry }: PlannedUnit,
  document: number,
  { selectionOf }: WriteStoreOptions,
): SplitName {
  const split = selectionOf(entry).splitOf(document);
  if (!split) throw new Error(`document ${document} was not asked for`);
  return split;
}

function endDocument(
  split: SplitName,
  document: number,
  bytes: number,
  { entry }: PlannedUnit,
  { state, sink, selectionOf }: WriteStoreOptions,
): void {
  const { tokens, sequences } = sink.endDocument(split);
  const summary = state.splits[split];
  summary.documents++;
  summary.bytes += bytes;
  summary.tokens += tokens;
  summary.chunks += sequences;
  if (sequences === 0) summary.tooShort++;
  state.longest[split] = Math.max(state.longest[split], tokens);
  if (split === "train" && sequences > 0) {
    const rank = selectionOf(entry).rankOf(document);
    state.firstRank = Math.min(state.firstRank ?? rank, rank);
  }
}
