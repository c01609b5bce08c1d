/**
 * Which documents are used, and which of these are held out.
 * @module
 */
import { UserError } from "../../errors.ts";
import { numpyPermutation } from "./numpy_random.ts";
import type { SplitName } from "../store/token_sink.ts";

const MOST = 2 ** 32 - 1;

/** What to choose from and how. */
export interface SelectionOptions {
  /** Number of documents there are. */
  documents: number;
  /** Number of documents to use at most; null for all. */
  most: number | null;
  /** How many of the used ones are held out. */
  held: number;
  /** The split of those that are not. */
  split: SplitName;
  seed: number;
}

/**
 * The first documents of NumPy's permutation, as `datasets.shuffle(seed).select(range(most))` takes them, and of these
 * the first for the held-out part. Only the choice is random: documents keep their order.
 */
export class DocumentSelection {
  /** Number of documents that are used. */
  readonly count: number;
  readonly #split: SplitName;
  readonly #held: number;
  /** Each document's place in the permutation; null where nothing depends on it. */
  readonly #rank: Uint32Array | null;

  /** @throws {UserError} if there are 2^32 documents or more. */
  constructor({ documents, most, held, split, seed }: SelectionOptions) {
    if (documents > MOST) {
      throw new UserError(
        `Cannot prepare the data as they must have fewer than 2^32 documents: got ${documents}`,
      );
    }
    this.count = Math.min(documents, most ?? documents);
    this.#split = split;
    this.#held = held;
    this.#rank = this.count < documents || held > 0
      ? inverse(numpyPermutation(documents, seed))
      : null;
  }

  /** The split of document `number`, or null where it is not used. */
  splitOf(number: number): SplitName | null {
    const rank = this.#rank ? this.#rank[number] : number;
    if (rank >= this.count) return null;
    return rank < this.#held ? "valid" : this.#split;
  }

  /** Document `number`'s place in the permutation: the first `held` are held out. */
  rankOf(number: number): number {
    return this.#rank ? this.#rank[number] : number;
  }
}

function inverse(order: Uint32Array): Uint32Array {
  const rank = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) rank[order[i]] = i;
  return rank;
}
