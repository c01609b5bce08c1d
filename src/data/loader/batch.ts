/**
 * From chunks of tokens to what the device reads in a step.
 * @module
 */
import { UserError } from "../../errors.ts";
import { IGNORE } from "../store/token_store.ts";

/** A batch's arrays, flat, `B` rows of `T` positions; made once and filled again each step. */
export interface BatchArrays {
  /** [B·T] token ids. */
  tokens: Uint32Array;
  /** [B·T] the id to be predicted at each position, or `IGNORE`. */
  targets: Uint32Array;
  /** [B·T] positions 0..B·T-1 of the batch, stably sorted by token id: the embedding's gradient walks them in this order. */
  order: Uint32Array;
}

/** A batch that is ready for the device. */
export interface Batch extends BatchArrays {
  /** Targets that are not `IGNORE`. */
  counted: number;
}

/** A batch of `size` positions, to be filled. */
export function emptyBatch(size: number): Batch {
  return {
    tokens: new Uint32Array(size),
    targets: new Uint32Array(size),
    order: new Uint32Array(size),
    counted: 0,
  };
}

/** Shape and rules of a batch. */
export interface BatchShape {
  /** B: chunks in the batch. */
  batchSize: number;
  /** T: tokens in a chunk. */
  sequenceLength: number;
  /** Ids must be below it. */
  vocabSize: number;
  /** A label that is not to be learnt (the paper's code pads with end-of-text and so masks it). @default null: none */
  ignoreId?: number | null;
  /** Whether the targets lie in `targets` already, as `TokenSplit.ownTargets` has it. @default false */
  ownTargets?: boolean;
}

/** Fills batches of one shape without allocating. */
export class BatchAssembler {
  readonly shape: Readonly<BatchShape>;
  /** First place of each token id in `order`, reused by each batch. */
  #places: Uint32Array;

  constructor(shape: BatchShape) {
    this.shape = shape;
    this.#places = new Uint32Array(shape.vocabSize + 1);
  }

  /**
   * Completes the batch whose chunks already lie in `arrays.tokens` from `offset` on (B·T ids, row after row):
   * `targets` are the tokens shifted by one within each row, unless they came with the chunks, `order` the sorted
   * positions, both written from `offset` on.
   * @returns the number of targets that are not `IGNORE`.
   * @throws {UserError} if a token id is not below the vocabulary's size.
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

    // Counting sort: places[id + 1] counts id, the running sum turns counts into first places.
    const places = this.#places.fill(0);
    for (let i = 0; i < size; i++) {
      const id = tokens[offset + i];
      if (id >= vocabSize) throw beyondVocabularyError(id, i, this.shape);
      places[id + 1]++;
    }
    for (let id = 0; id < vocabSize; id++) places[id + 1] += places[id];
    for (let i = 0; i < size; i++) {
      order[offset + places[tokens[offset + i]]++] = i;
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
    for (let row = 0, at = offset; row < batchSize; row++) {
      for (let t = 0; t + 1 < sequenceLength; t++, at++) {
        const target = tokens[at + 1];
        if (target === ignoreId) targets[at] = IGNORE;
        else {
          targets[at] = target;
          valid++;
        }
      }
      // The last position's target lies in no chunk.
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
        // The device would take it for one that does not count.
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
  const row = Math.floor(at / sequenceLength);
  return new UserError(
    `Cannot use token ${id} (row ${row}, position ${
      at % sequenceLength
    } of the batch) as the model's vocabulary ` +
      `has ${vocabSize} ids: use the tokenizer that the model was built for`,
  );
}

/**
 * Fills `arrays` from `offset` on with a batch made of `chunks` (B·T ids, row after row): the one-call form of
 * `BatchAssembler` for tests and single batches; it allocates a table of the vocabulary's size.
 * @returns the number of targets that are not `IGNORE`.
 * @throws {UserError} if a token id is not below the vocabulary's size.
 */
export function assembleBatch(
  chunks: ArrayLike<number>,
  shape: BatchShape,
  arrays: BatchArrays,
  offset = 0,
): number {
  arrays.tokens.set(chunks, offset);
  return new BatchAssembler(shape).assemble(arrays, offset);
}
