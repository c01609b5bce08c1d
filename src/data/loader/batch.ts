/**
 * From sequences of tokens to the arrays that the device reads in a step.
 * @module
 */
import { UserError } from "../../errors.ts";
import { IGNORE } from "../store/token_store.ts";

/**
 * A batch's arrays, flat: B sequences of T positions. They are allocated once
 * and filled again for each step.
 */
export interface BatchArrays {
  /** [B·T] token ids. */
  tokens: Uint32Array;
  /** [B·T] the id to predict at each position, or `IGNORE`. */
  targets: Uint32Array;
  /**
   * [B·T] positions 0..B·T-1 of the batch, stably sorted by token id: the order
   * in which the embedding's gradient visits them.
   */
  order: Uint32Array;
}

/** A batch that is ready for the device. */
export interface Batch extends BatchArrays {
  /** Number of targets that are not `IGNORE`. */
  counted: number;
}

/** An empty batch of `size` positions. */
export function emptyBatch(size: number): Batch {
  return {
    tokens: new Uint32Array(size),
    targets: new Uint32Array(size),
    order: new Uint32Array(size),
    counted: 0,
  };
}

/** The first batches of a step: without a copy where they are all of them. */
export const firstBatches = (
  batches: readonly Batch[],
  count: number,
): readonly Batch[] =>
  count === batches.length ? batches : batches.slice(0, count);

/** Ignores all labels of a batch but the first `count`, and counts again. */
export function keepLabels(batch: Batch, count: number): void {
  batch.targets.fill(IGNORE, count);
  let counted = 0;
  for (const target of batch.targets) if (target !== IGNORE) counted++;
  batch.counted = counted;
}

/** Shape and rules of a batch. */
export interface BatchShape {
  /** B: sequences per batch. */
  batchSize: number;
  /** T: tokens per sequence. */
  sequenceLength: number;
  /** Vocabulary size: ids must be below it. */
  vocabSize: number;
  /**
   * A label that is not learnt (the paper's code pads with end-of-text and so
   * masks it).
   * @default null: none
   */
  ignoreId?: number | null;
  /**
   * Whether the targets are in `targets` already, see `TokenSplit.ownTargets`.
   * @default false
   */
  ownTargets?: boolean;
}

/** Fills batches of one shape without allocating. */
export class BatchAssembler {
  readonly shape: Readonly<BatchShape>;
  /** First index of each token id in `order`, reused by each batch. */
  #starts: Uint32Array;

  constructor(shape: BatchShape) {
    this.shape = shape;
    this.#starts = new Uint32Array(shape.vocabSize + 1);
  }

  /**
   * Completes a batch whose tokens are in `arrays.tokens` from `offset` on (B·T
   * ids, one sequence after another). Writes, from `offset` on, `order` (the
   * sorted positions) and `targets`: the tokens shifted by one within each
   * sequence, unless the split has its own.
   * @returns the number of targets that are not `IGNORE`
   * @throws {UserError} if a token id is not below the vocabulary size.
   * @throws {RangeError} if the batch does not fit into the arrays.
   */
  assemble(arrays: BatchArrays, offset = 0): number {
    const { batchSize, sequenceLength, vocabSize } = this.shape;
    const { tokens, targets, order } = arrays;
    const size = batchSize * sequenceLength;
    for (const array of [tokens, targets, order]) {
      if (offset + size > array.length) {
        throw new RangeError(
          `a batch of ${size} at ${offset} exceeds an array of ${array.length}`,
        );
      }
    }

    // Counting sort: starts[id + 1] counts id, and the running sum turns counts
    // into first indices.
    const starts = this.#starts.fill(0);
    for (let i = 0; i < size; i++) {
      const id = tokens[offset + i];
      if (id >= vocabSize) throw beyondVocabularyError(id, i, this.shape);
      starts[id + 1]++;
    }
    for (let id = 0; id < vocabSize; id++) starts[id + 1] += starts[id];
    for (let i = 0; i < size; i++) {
      order[offset + starts[tokens[offset + i]]++] = i;
    }

    return this.shape.ownTargets
      ? this.#checkTargets(targets, offset, size)
      : this.#shiftTargets(tokens, targets, offset);
  }

  #shiftTargets(
    tokens: Uint32Array,
    targets: Uint32Array,
    offset: number,
  ): number {
    const {
      batchSize,
      sequenceLength,
      ignoreId = null,
    } = this.shape;
    let valid = 0;
    for (let i = 0, at = offset; i < batchSize; i++) {
      for (let t = 0; t + 1 < sequenceLength; t++, at++) {
        const target = tokens[at + 1];
        if (target === ignoreId) targets[at] = IGNORE;
        else {
          targets[at] = target;
          valid++;
        }
      }
      // The last position's target is not part of the sequence.
      targets[at++] = IGNORE;
    }
    return valid;
  }

  #checkTargets(targets: Uint32Array, offset: number, size: number): number {
    const { vocabSize, ignoreId = null } = this.shape;
    let valid = 0;
    for (let i = 0; i < size; i++) {
      const target = targets[offset + i];
      if (target === ignoreId) targets[offset + i] = IGNORE;
      else if (target !== IGNORE) {
        // The device would treat such an id as a target to ignore.
        if (target >= vocabSize) {
          throw beyondVocabularyError(target, i, this.shape);
        }
        valid++;
      }
    }
    return valid;
  }
}

function beyondVocabularyError(
  id: number,
  at: number,
  { sequenceLength, vocabSize }: BatchShape,
): UserError {
  const sequence = Math.floor(at / sequenceLength);
  return new UserError(
    `Cannot use token ${id} (sequence ${sequence}, position ${
      at % sequenceLength
    } of the batch) as the model's vocabulary ` +
      `has ${vocabSize} ids: use the tokenizer that the model was built for`,
  );
}

/**
 * Fills `arrays` from `offset` on with a batch made of `sequences` (B·T ids,
 * one sequence after another): `BatchAssembler` in one call, for tests and
 * single batches. Allocates a table of the vocabulary size.
 * @returns the number of targets that are not `IGNORE`
 * @throws {UserError} if a token id is not below the vocabulary size.
 */
export function assembleBatch(
  sequences: ArrayLike<number>,
  shape: BatchShape,
  arrays: BatchArrays,
  offset = 0,
): number {
  arrays.tokens.set(sequences, offset);
  return new BatchAssembler(shape).assemble(arrays, offset);
}
