/**
 * Where a split is, as plain data, so that any thread can open it.
 * @module
 */
import { UserError } from "../../errors.ts";
import { type FairseqLocation, openFairseqSplit } from "../fairseq/blocks.ts";
import {
  type SplitName,
  type TokenSplit,
  TokenStore,
} from "../store/token_store.ts";

/** A split of a token store (its folder), or a subset of a fairseq folder. */
export type SplitLocation =
  | { store: string; split: SplitName }
  | { fairseq: FairseqLocation };

/**
 * Opens a split. Close it when done.
 * @throws {UserError} if it is missing or damaged.
 */
export function openSplit(ref: SplitLocation): TokenSplit {
  return "store" in ref
    ? TokenStore.open(ref.store).split(ref.split)
    : openFairseqSplit(ref.fairseq);
}

/**
 * Opens several splits as one, with their sequences one split after another.
 * Close it when done.
 * @throws {UserError} if one is missing or damaged, or they do not fit
 *   together.
 */
export function openSplits(refs: readonly SplitLocation[]): TokenSplit {
  const splits: TokenSplit[] = [];
  try {
    for (const ref of refs) splits.push(openSplit(ref));
    return splits.length === 1 ? splits[0] : new JoinedSplit(splits);
  } catch (error) {
    for (const split of splits) split.close();
    throw error;
  }
}

/**
 * Checks that splits can be read into one batch.
 * @throws {UserError} if their sequences differ in length, or only some have
 *   their own targets.
 */
export function requireSameShape(splits: readonly TokenSplit[]): void {
  const [first, ...others] = splits;
  for (const { sequenceLength, ownTargets } of others) {
    if (sequenceLength !== first.sequenceLength) {
      throw new UserError(
        `Cannot read parts of the data together as their sequences must be equally long: ` +
          `got ${first.sequenceLength} and ${sequenceLength} tokens`,
      );
    }
    if (ownTargets !== first.ownTargets) {
      throw new UserError(
        "Cannot read parts of the data together as all or none must be fairseq's: train on them one after the other",
      );
    }
  }
}

/** Several splits, one after another. */
class JoinedSplit implements TokenSplit {
  readonly sequences: number;
  readonly sequenceLength: number;
  readonly ownTargets: boolean;
  readonly #splits: readonly TokenSplit[];
  /** Number of sequences before each split. */
  readonly #starts: number[] = [];

  constructor(splits: readonly TokenSplit[]) {
    if (splits.length === 0) throw new RangeError("Cannot join no splits");
    requireSameShape(splits);
    let sequences = 0;
    for (const split of splits) {
      this.#starts.push(sequences);
      sequences += split.sequences;
    }
    this.sequences = sequences;
    ({ sequenceLength: this.sequenceLength, ownTargets: this.ownTargets } =
      splits[0]);
    this.#splits = splits;
  }

  read(
    index: number,
    into: Uint32Array,
    at: number,
    targets?: Uint32Array,
  ): void {
    if (!(Number.isInteger(index) && index >= 0 && index < this.sequences)) {
      throw new RangeError(
        `Cannot read sequence ${index} of ${this.sequences}`,
      );
    }
    const owner = this.#starts.findLastIndex((start) => start <= index);
    const first = this.#starts[owner];
    this.#splits[owner].read(index - first, into, at, targets);
  }

  close(): void {
    for (const split of this.#splits) split.close();
  }
}
