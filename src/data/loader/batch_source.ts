/**
 * The batches of training steps in order: sampled, read and assembled.
 * @module
 */
import type { TokenSplit } from "../store/token_store.ts";
import { type Batch, BatchAssembler, keepLabels } from "./batch.ts";
import {
  type Draw,
  Mixture,
  type MixtureOptions,
  type MixtureState,
} from "./mixture.ts";
import {
  openSplit,
  openSplits,
  requireSameShape,
  type SplitLocation,
} from "./split_location.ts";

/**
 * What training batches are made from, and how; plain data, so that any thread
 * can make them.
 */
export interface BatchSpec {
  /**
   * Without weights, the parts are one dataset, joined in order. Either all
   * parts have a weight or none.
   */
  parts: { location: SplitLocation; weight: number | null }[];
  /** Seed of the sampling order. */
  seed: number;
  /** Sequences per batch. */
  batchSize: number;
  /** Batches per step. */
  accumulation: number;
  /** Vocabulary size: ids must be below it. */
  vocabSize: number;
  /**
   * A label that is not learnt, such as the end-of-text token in the paper's
   * code; null for none.
   */
  ignoreId: number | null;
  /**
   * Whether each epoch ends with a smaller batch and a smaller step, in place
   * of a step that continues into the next epoch.
   * @default false
   */
  shortSteps?: boolean;
}

/** Makes the batches of one step after another. */
export class BatchSource {
  /** Positions per sequence. */
  readonly sequenceLength: number;
  /** The parts that are sampled. */
  readonly mixtureOptions: MixtureOptions;
  readonly #spec: BatchSpec;
  readonly #splits: TokenSplit[];
  readonly #mixture: Mixture;
  readonly #assembler: BatchAssembler;

  /**
   * Opens the data. Close it when done.
   * @throws {UserError} if a split is missing, damaged or empty, or weights or
   *   lengths do not fit.
   */
  constructor(spec: BatchSpec) {
    this.#spec = spec;
    this.#splits = openParts(spec.parts);
    try {
      requireSameShape(this.#splits);
      this.mixtureOptions = {
        parts: this.#splits.map(({ sequences }, i) => ({
          sequences,
          weight: this.#splits.length === 1 ? null : spec.parts[i].weight,
        })),
        seed: spec.seed,
      };
      this.#mixture = new Mixture(this.mixtureOptions);
    } catch (error) {
      this.close();
      throw error;
    }
    const { sequenceLength, ownTargets } = this.#splits[0];
    this.sequenceLength = sequenceLength;
    const { batchSize, vocabSize, ignoreId } = spec;
    this.#assembler = new BatchAssembler({
      batchSize,
      sequenceLength,
      vocabSize,
      ignoreId,
      ownTargets,
    });
  }

  /**
   * Fills the batches of the next step.
   * @returns how many: fewer than all at the end of an epoch with `shortSteps`
   * @throws {UserError} if a file was cut short or has an id outside the
   *   vocabulary.
   */
  fill(batches: readonly Batch[]): number {
    const { batchSize, shortSteps } = this.#spec;
    let left = shortSteps ? this.#mixture.left : Infinity;
    let filled = 0;
    for (const batch of batches) {
      if (left === 0) break;
      const count = Math.min(batchSize, left);
      this.#fillBatch(batch, this.#mixture.next(count));
      left -= count;
      filled++;
    }
    return filled;
  }

  /**
   * Fills a batch. Rows that are left repeat its sequences without labels, so
   * that statistics of the rows see real text, and loss and gradient do not.
   */
  #fillBatch(batch: Batch, drawn: readonly Draw[]): void {
    const { batchSize } = this.#spec, T = this.sequenceLength;
    for (let row = 0; row < batchSize; row++) {
      const { part, sequence } = drawn[row % drawn.length];
      this.#splits[part].read(sequence, batch.tokens, row * T, batch.targets);
    }
    batch.counted = this.#assembler.assemble(batch);
    if (drawn.length < batchSize) keepLabels(batch, drawn.length * T);
  }

  /** Position in the order after the last step that was filled. */
  get state(): MixtureState {
    return this.#mixture.state;
  }

  /**
   * Continues from a saved state.
   * @throws {UserError} if the state does not fit this data.
   */
  restore(state: MixtureState): void {
    this.#mixture.restore(state);
  }

  /** Closes the files. */
  close(): void {
    for (const split of this.#splits) split.close();
  }
}

/** One split per part with a weight, or all parts joined into one. */
function openParts(parts: BatchSpec["parts"]): TokenSplit[] {
  if (parts.every(({ weight }) => weight === null)) {
    return [openSplits(parts.map(({ location }) => location))];
  }
  const splits: TokenSplit[] = [];
  try {
    for (const { location: ref } of parts) splits.push(openSplit(ref));
  } catch (error) {
    for (const split of splits) split.close();
    throw error;
  }
  return splits;
}
