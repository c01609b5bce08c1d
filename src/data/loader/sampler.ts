/**
 * Which chunks come next: epochs without replacement, each in a new seeded order.
 * @module
 */
import { UserError } from "../../errors.ts";
import { Permutation } from "./permutation.ts";

/** Where a sampler stands: all that a checkpoint needs, whatever the number of chunks. */
export interface SamplerState {
  /** Whole passes over the data so far. */
  epoch: number;
  /** Chunks already given out in this epoch, 0 ≤ position < chunks. */
  position: number;
}

/** What a sampler draws from. */
export interface SamplerOptions {
  /** Number of chunks, at least 1. */
  sequences: number;
  /** Non-negative integer; the same seed gives the same order on any machine. */
  seed: number;
  /**
   * Number of a part of a mixture, from 0: each part has an order of its own.
   * @default no part: the data as a whole
   */
  part?: number | undefined;
}

/**
 * Draws chunk numbers. A batch that reaches the end of an epoch goes on into the next one, so every batch is full;
 * Hugging Face's DataLoader gives a short last batch instead, so after the first epoch the batches' boundaries differ.
 */
export class Sampler {
  readonly chunks: number;
  readonly seed: number;
  readonly #part: readonly number[];
  #epoch = 0;
  #position = 0;
  #order: Permutation;

  /** @throws {UserError} if there is nothing to draw from or the seed is no non-negative integer. */
  constructor({ sequences, seed, part }: SamplerOptions) {
    if (!isCount(sequences) || sequences === 0) {
      throw new UserError(
        `Cannot sample as the data must have at least one chunk: got ${sequences}`,
      );
    }
    if (!isCount(seed)) {
      throw new UserError(
        `Cannot sample as 'seed' must be a non-negative integer: got ${seed}`,
      );
    }
    this.chunks = sequences;
    this.seed = seed;
    this.#part = part === undefined ? [] : [part];
    this.#order = this.#orderOf(0);
  }

  /** The next `count` chunk numbers, each in 0..chunks-1. */
  next(count: number): number[] {
    const drawn: number[] = new Array(count);
    for (let i = 0; i < count; i++) {
      drawn[i] = this.#order.at(this.#position++);
      if (this.#position === this.chunks) this.#moveTo(this.#epoch + 1, 0);
    }
    return drawn;
  }

  /** Where it stands, as plain data. */
  get state(): SamplerState {
    return { epoch: this.#epoch, position: this.#position };
  }

  /**
   * Goes on from a state saved by a sampler of the same chunks and seed.
   * @throws {UserError} if the state does not fit this data.
   */
  restore({ epoch, position }: SamplerState): void {
    if (!isCount(epoch) || !isCount(position) || position >= this.chunks) {
      throw new UserError(
        `Cannot resume the sampler as its saved state must be an epoch and a position below ${this.chunks} chunks: ` +
          `got epoch ${epoch}, position ${position}; was the run made from other data?`,
      );
    }
    this.#moveTo(epoch, position);
  }

  #moveTo(epoch: number, position: number): void {
    if (epoch !== this.#epoch) this.#order = this.#orderOf(epoch);
    this.#epoch = epoch;
    this.#position = position;
  }

  #orderOf(epoch: number): Permutation {
    return new Permutation(this.chunks, [this.seed, epoch, ...this.#part]);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
