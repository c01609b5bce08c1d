/**
 * Which documents are used, and which of them are held out.
 *
 * Of n documents, the first `maxDocuments` of a seeded shuffle are used, and of
 * these the first `heldOut` are held out: {@linkcode heldOutCount} decides how
 * many that is. If none of them is long enough for a sequence, which only
 * tokenizing shows, {@linkcode nextHeldOutCount} holds out more. Where held-out
 * files are named, no other document is held out. Only the choice is random:
 * documents keep their order. `store_plan.ts` asks for it, `resume_store.ts`
 * tries again with more held out.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { SplitName } from "../store/token_sink.ts";
import { numpyPermutation } from "./numpy_random.ts";
import type { Entry } from "./scan_inputs.ts";

const MAX_DOCUMENTS = 2 ** 32 - 1;

/**
 * Number of documents to hold out: the fraction, but at least one document for
 * either split.
 * @param documents number of documents to split
 * @param fraction part to hold out, 0 ≤ fraction < 1
 * @returns null if there are too few documents to split
 */
export function heldOutCount(
  documents: number,
  fraction: number,
): number | null {
  if (fraction === 0) return 0;
  if (documents < 2) return null;
  const count = Math.max(1, Math.round(documents * fraction));
  return Math.min(documents - 1, count);
}

/**
 * Number of documents to hold out instead, after a split by `heldOut`.
 * @param result of that split: the number of held-out sequences, and the lowest
 *   rank of a training document that is long enough for one, null if there is
 *   none
 * @returns null if the split may stay: it has a sequence, or nothing would help
 */
export function nextHeldOutCount(
  heldOut: number,
  result: { validSequences: number; firstRank: number | null },
): number | null {
  const allTooShort = heldOut > 0 && result.validSequences === 0;
  return allTooShort && result.firstRank !== null ? result.firstRank + 1 : null;
}

/** What to choose from, and how. */
export interface SelectionOptions {
  /** Number of documents there are. */
  documents: number;
  /** Number of documents to use at most; null for all. */
  maxDocuments: number | null;
  /** How many of the used ones are held out. */
  heldOut: number;
  /** The split of those that are not held out. */
  split: SplitName;
  seed: number;
}

/**
 * Takes documents by their place in NumPy's permutation, as
 * `datasets.shuffle(seed).select(range(maxDocuments))` does.
 */
export class DocumentSelection {
  /** Number of documents that are used. */
  readonly count: number;
  readonly #split: SplitName;
  readonly #heldOut: number;
  /** Place of each document in the permutation; null if not needed. */
  readonly #rank: Uint32Array | null;

  /** @throws {UserError} if there are 2^32 documents or more. */
  constructor(
    { documents, maxDocuments, heldOut, split, seed }: SelectionOptions,
  ) {
    if (documents > MAX_DOCUMENTS) {
      throw new UserError(
        `Cannot prepare the data as they must have fewer than 2^32 documents: got ${documents}`,
      );
    }
    this.count = Math.min(documents, maxDocuments ?? documents);
    this.#split = split;
    this.#heldOut = heldOut;
    this.#rank = this.count < documents || heldOut > 0
      ? inverse(numpyPermutation(documents, seed))
      : null;
  }

  /** The split of document `number`, or null if it is not used. */
  splitOf(number: number): SplitName | null {
    const rank = this.rankOf(number);
    if (rank >= this.count) return null;
    return rank < this.#heldOut ? "valid" : this.#split;
  }

  /** Place of document `number` in the permutation. */
  rankOf(number: number): number {
    return this.#rank ? this.#rank[number] : number;
  }
}

/**
 * For each entry, the selection that its documents belong to: entries of
 * held-out files are one, all others another.
 * @param entries those of held-out files first, `validEntries` of them
 * @param heldOut how many documents of the other entries are held out
 */
export function selectionsOf(
  { entries, validEntries }: {
    entries: readonly Entry[];
    validEntries: number;
  },
  heldOut: number,
  { seed = 0, maxDocuments = null, validMaxDocuments = null }: {
    seed?: number;
    maxDocuments?: number | null;
    validMaxDocuments?: number | null;
  },
): (entry: number) => DocumentSelection {
  const valid = new DocumentSelection({
    documents: documentsOf(entries.slice(0, validEntries)),
    maxDocuments: validMaxDocuments,
    heldOut: 0,
    split: "valid",
    seed,
  });
  const train = new DocumentSelection({
    documents: documentsOf(entries.slice(validEntries)),
    maxDocuments,
    heldOut,
    split: "train",
    seed,
  });
  return (entry) => entry < validEntries ? valid : train;
}

/** Number of documents of some entries. */
export function documentsOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { scan }) => sum + scan.documents, 0);
}

function inverse(order: Uint32Array): Uint32Array {
  const rank = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) rank[order[i]] = i;
  return rank;
}
