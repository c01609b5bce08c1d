/**
 * Batches from prepared data, in the sampler's order, read ahead of training.
 * @module
 */
import { UserError } from "../../errors.ts";
import { startWorker } from "../../workers/start.ts";
import { IGNORE, type TokenSplit } from "../store/token_store.ts";
import {
  type Batch,
  BatchAssembler,
  emptyBatch,
  firstBatches,
  keepLabels,
} from "./batch.ts";
import { BatchSource, type BatchSpec } from "./batch_source.ts";
import type { LoaderReply, LoaderRequest } from "./loader_worker.ts";
import {
  Mixture,
  type MixtureOptions,
  type MixtureState,
  stateOf,
  statesOf,
} from "./mixture.ts";
import { RingConsumer, type RingMemory } from "./shared_ring.ts";

/**
 * Training batches: seeded epochs without replacement over each part of the
 * data.
 */
export interface BatchLoader extends Disposable {
  /**
   * The micro-batches of the next step, fewer at the end of an epoch with
   * `shortSteps`; valid until the next call.
   * @throws {UserError} if a file was cut short or has an id outside the
   *   vocabulary.
   */
  next(): readonly Batch[];
  /**
   * Position in the order after the last step returned by `next()`, however far
   * the loader has read ahead.
   */
  readonly state: MixtureState;
  /**
   * Continues from a saved state.
   * @throws {UserError} if the state does not fit this data.
   */
  restore(state: MixtureState): void;
  /** Total milliseconds that `next()` made training wait. */
  readonly waitedMs: number;
  /** Stops reading and closes the files. */
  close(): void;
}

/** Steps to read ahead: enough for a disk that is slow now and then. */
const READ_AHEAD = 4;

/**
 * Opens the data that a run trains on. Close the loader when done. The batches
 * do not depend on how many steps are read ahead.
 * @param readAhead steps to read ahead in a separate thread, fewer if they
 *   would take more than 64 MiB; 0 reads each step when it is requested
 * @param start starts the thread that reads ahead: one that runs `serve()` of
 *   `loader_worker.ts`
 * @throws {UserError} if a split is missing, damaged or empty, or weights or
 *   lengths do not fit.
 */
export async function openBatchLoader(
  spec: BatchSpec,
  readAhead = READ_AHEAD,
  start: () => Worker = () => startWorker("loader"),
): Promise<BatchLoader> {
  if (readAhead === 0) return new DirectLoader(spec);
  const worker = start();
  try {
    return new ReadAheadLoader(
      worker,
      await openInWorker(worker, { spec, readAhead }),
    );
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/** Reads each step when it is requested. */
class DirectLoader implements BatchLoader {
  waitedMs = 0;
  readonly #source: BatchSource;
  readonly #batches: Batch[];

  constructor(spec: BatchSpec) {
    this.#source = new BatchSource(spec);
    const size = spec.batchSize * this.#source.sequenceLength;
    this.#batches = Array.from(
      { length: spec.accumulation },
      () => emptyBatch(size),
    );
  }

  next(): readonly Batch[] {
    const from = performance.now();
    const filled = this.#source.fill(this.#batches);
    this.waitedMs += performance.now() - from;
    return firstBatches(this.#batches, filled);
  }

  get state(): MixtureState {
    return this.#source.state;
  }

  restore(state: MixtureState): void {
    this.#source.restore(state);
  }

  close(): void {
    this.#source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** What the loader thread opened. */
interface OpenedRing {
  ring: RingMemory;
  mixture: MixtureOptions;
}

/** Takes steps that the loader thread has read ahead. */
class ReadAheadLoader implements BatchLoader {
  readonly #worker: Worker;
  readonly #ring: RingConsumer;
  /** Not used for sampling: it checks which states fit the data. */
  readonly #mixture: Mixture;
  #state: MixtureState;

  constructor(worker: Worker, { ring, mixture }: OpenedRing) {
    this.#worker = worker;
    this.#ring = new RingConsumer(ring);
    this.#mixture = new Mixture(mixture);
    this.#state = this.#mixture.state;
  }

  next(): readonly Batch[] {
    const { batches, states } = this.#ring.take();
    this.#state = stateOf(states);
    return batches;
  }

  get state(): MixtureState {
    return this.#state;
  }

  restore(state: MixtureState): void {
    this.#mixture.restore(state);
    this.#state = state;
    this.#ring.restart(statesOf(state));
  }

  get waitedMs(): number {
    return this.#ring.waitedMs;
  }

  close(): void {
    // A thread that sleeps on shared memory cannot be terminated: wake it
    // first.
    this.#ring.close();
    this.#worker.terminate();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Sends the loader thread its request and waits until the data is open. */
function openInWorker(
  worker: Worker,
  request: LoaderRequest,
): Promise<OpenedRing> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(
        new Error(`The loader thread ended: ${event.message}`),
      );
    };
    worker.onmessage = ({ data }: MessageEvent<LoaderReply>) => {
      if ("ring" in data) resolve(data);
      else reject(new (data.isUserError ? UserError : Error)(data.fault));
    };
    worker.postMessage(request);
  });
}

/** How evaluation batches are made. */
export interface EvalBatchOptions {
  /** Sequences per batch. */
  batchSize: number;
  vocabSize: number;
  /**
   * A label that is not learnt: the end-of-text token, as in the paper's code.
   */
  ignoreId: number | null;
}

/**
 * All sequences of a split in order, in batches; the last one is padded with
 * sequences that do not count. `openSplits()` joins several splits.
 * @param limit most batches; null for all
 */
export function* evalBatches(
  split: TokenSplit,
  options: EvalBatchOptions,
  limit: number | null,
): Generator<Batch> {
  const { sequenceLength: T, ownTargets } = split;
  const { batchSize } = options;
  const assembler = new BatchAssembler({
    ...options,
    sequenceLength: T,
    ownTargets,
  });
  const batch = emptyBatch(batchSize * T);
  const batches = Math.min(
    Math.ceil(split.sequences / batchSize),
    limit ?? Infinity,
  );
  for (let i = 0; i < batches; i++) {
    const filled = Math.min(batchSize, split.sequences - i * batchSize);
    batch.tokens.fill(0);
    batch.targets.fill(IGNORE);
    for (let k = 0; k < filled; k++) {
      split.read(i * batchSize + k, batch.tokens, k * T, batch.targets);
    }
    assembler.assemble(batch);
    keepLabels(batch, filled * T);
    if (batch.counted > 0) yield batch;
  }
}
