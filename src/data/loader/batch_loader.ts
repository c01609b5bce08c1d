/** Batches from prepared data, in the sampler's order, read ahead of the training. @module */
import { BatchAssembler, emptyBatch } from "./batch.ts";
import { IGNORE } from "../store/token_store.ts";
import { type RingMemory, RingTaker } from "./shared_ring.ts";
import { BatchSource, type BatchSpec } from "./batch_source.ts";
import type { LoaderReply, LoaderRequest } from "./loader_worker.ts";
import {
  Mixture,
  type MixtureOptions,
  type MixtureState,
  stateOf,
  statesOf,
} from "./mixture.ts";
import type { TokenSplit } from "../store/token_store.ts";
import { UserError } from "../../errors.ts";
import { startWorker } from "../../workers/start.ts";
import type { Batch } from "./batch.ts";

/** Training batches: seeded epochs without replacement, of each part of the data. */
export interface BatchLoader extends Disposable {
  /**
   * The micro-batches of the next step; valid until the next call.
   * @throws {UserError} if a file has been cut short, or has an id beyond the vocabulary.
   */
  next(): readonly Batch[];
  /** Where the order stands: after the step last handed out, however far reading is ahead. */
  readonly state: MixtureState;
  /**
   * Goes on from a saved state.
   * @throws {UserError} if the state does not fit this data.
   */
  restore(state: MixtureState): void;
  /** Milliseconds that `next()` has kept the training waiting, in all. */
  readonly waited: number;
  /** Ends reading and closes the files. */
  close(): void;
}

/** Steps that are read ahead: enough for a disk that is slow now and then. */
const READ_AHEAD = 4;

/**
 * Opens the data that a run trains on; close the feed when done. Steps are the same however many are read ahead.
 *
 * @param readAhead steps to read ahead in a thread of its own, less where they would take more than 64 MiB; 0 reads
 *   each step as it is asked for
 * @param start starts the thread that reads ahead: one that runs `serve()` of `loader_worker.ts`
 * @throws {UserError} if a split is missing, damaged or empty, or weights or lengths do not fit
 */
export async function openBatchLoader(
  spec: BatchSpec,
  readAhead = READ_AHEAD,
  start: () => Worker = () => startWorker("feed"),
): Promise<BatchLoader> {
  if (readAhead === 0) return new DirectLoader(spec);
  const worker = start();
  try {
    return new ReadAheadLoader(
      worker,
      await greet(worker, { spec, readAhead }),
    );
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/** Reads each step as it is asked for. */
class DirectLoader implements BatchLoader {
  waited = 0;
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
    this.#source.fill(this.#batches);
    this.waited += performance.now() - from;
    return this.#batches;
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

/** What a feed's thread has opened. */
interface Opened {
  ring: RingMemory;
  mixture: MixtureOptions;
}

/** Takes what another thread has read ahead. */
class ReadAheadLoader implements BatchLoader {
  readonly #worker: Worker;
  readonly #ring: RingTaker;
  /** Never drawn from: it knows which states fit the data. */
  readonly #mixture: Mixture;
  #state: MixtureState;

  constructor(worker: Worker, { ring, mixture }: Opened) {
    this.#worker = worker;
    this.#ring = new RingTaker(ring);
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

  get waited(): number {
    return this.#ring.waited;
  }

  close(): void {
    // A thread that sleeps on shared memory cannot be terminated: first it is woken.
    this.#ring.close();
    this.#worker.terminate();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Sends a feed's thread its request and waits until the data is open. */
function greet(worker: Worker, request: LoaderRequest): Promise<Opened> {
  return new Promise((resolve, reject) => {
    worker.onerror = (event) => {
      event.preventDefault();
      reject(
        new Error(`The thread that reads batches has ended: ${event.message}`),
      );
    };
    worker.onmessage = ({ data }: MessageEvent<LoaderReply>) => {
      if ("ring" in data) resolve(data);
      else reject(new (data.ofUser ? UserError : Error)(data.fault));
    };
    worker.postMessage(request);
  });
}

/** How batches of an evaluation are made of chunks. */
export interface EvalBatchOptions {
  /** Sequences of a batch. */
  batchSize: number;
  vocabSize: number;
  /** A label that is not learnt: the end-of-text token, as in the paper's code. */
  ignoreId: number | null;
}

/**
 * All chunks of a split in order, a batch at a time; the last one is filled up
 * with rows that do not count. Several splits are joined by `openSplits()`.
 *
 * @param limit batches at most
 */
export function* evalBatches(
  split: TokenSplit,
  options: EvalBatchOptions,
  limit: number | null,
): Generator<Batch> {
  const { sequenceLength: T, ownTargets } = split,
    { batchSize } = options;
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
    for (let row = 0; row < filled; row++) {
      split.read(i * batchSize + row, batch.tokens, row * T, batch.targets);
    }
    assembler.assemble(batch);
    batch.targets.fill(IGNORE, filled * T);
    batch.counted = batch.targets.reduce((n, t) => n + Number(t !== IGNORE), 0);
    if (batch.counted > 0) yield batch;
  }
}
