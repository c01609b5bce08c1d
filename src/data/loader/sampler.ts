/**
 * Which sequences come next: epochs without replacement, each in a new seeded
 * order.
 * @module
 */
import { UserError } from "../../errors.ts";
import { Permutation } from "./permutation.ts";

/**
 * State of a sampler: all that a checkpoint needs, however many sequences there
 * are. Written to `state.json`.
 */
export interface SamplerState {
  /** Completed passes over the data. */
  epoch: number;
  /** Sequences returned in this epoch, 0 ≤ position < sequences. */
  position: number;
}

/** What a sampler draws from. */
export interface SamplerOptions {
  /** Number of sequences, at least 1. */
  sequences: number;
  /** A non-negative integer; equal seeds give equal orders on any machine. */
  seed: number;
  /**
   * Index of a part of a mixture, so that each part has a different order.
   * @default none: the data as a whole
   */
  part?: number | undefined;
}

/**
 * Draws numbers of sequences. A batch that reaches the end of an epoch
 * continues into the next one, so every batch is full. Hugging Face's
 * DataLoader gives a short last batch instead, so after the first epoch the
 * batch boundaries differ.
 */
export class Sampler {
  readonly sequences: number;
  readonly seed: number;
  readonly #part: readonly number[];
  #epoch = 0;
  #position = 0;
  #order: Permutation;

  /**
   * @throws {UserError} if there is nothing to draw from or the seed is not a
   *   non-negative integer.
   */
  constructor({ sequences, seed, part }: SamplerOptions) {
    if (!isCount(sequences) || sequences === 0) {
      throw new UserError(
        `Cannot sample as the data must have at least one sequence: got ${sequences}`,
      );
    }
    if (!isCount(seed)) {
      throw new UserError(
        `Cannot sample as 'seed' must be a non-negative integer: got ${seed}`,
      );
    }
    this.sequences = sequences;
    this.seed = seed;
    this.#part = part === undefined ? [] : [part];
    this.#order = this.#orderOf(0);
  }

  /** The next `count` sequence numbers, each in 0..sequences-1. */
  next(count: number): number[] {
    const drawn: number[] = new Array(count);
    for (let i = 0; i < count; i++) {
      drawn[i] = this.#order.at(this.#position++);
      if (this.#position === this.sequences) this.#moveTo(this.#epoch + 1, 0);
    }
    return drawn;
  }

  /** The current state, as plain data. */
  get state(): SamplerState {
    return { epoch: this.#epoch, position: this.#position };
  }

  /**
   * Continues from a state saved by a sampler of the same sequences and seed.
   * @throws {UserError} if the state does not fit this data.
   */
  restore({ epoch, position }: SamplerState): void {
    if (!isCount(epoch) || !isCount(position) || position >= this.sequences) {
      throw new UserError(
        `Cannot resume the sampler as its saved state must be an epoch and a position below ${this.sequences} sequences: ` +
          `got epoch ${epoch}, position ${position}; was the run started with other data?`,
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
    return new Permutation(this.sequences, [this.seed, epoch, ...this.#part]);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
