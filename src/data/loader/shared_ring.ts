/**
 * A ring buffer of training steps in shared memory: one thread fills slots,
 * another takes them in the same order.
 *
 * Both sides may block, as neither can receive messages while it works: after
 * each change, one increments a counter that the other sleeps on. The consumer
 * can restart from another state: this starts a new generation, and slots of
 * older generations are skipped. An error takes a slot like a step does, so it
 * surfaces at the step that it belongs to.
 * @module
 */
import { UserError } from "../../errors.ts";
import { type Batch, firstBatches } from "./batch.ts";
import type { SamplerState } from "./sampler.ts";

/** Sizes of a ring. */
export interface RingShape {
  /** Steps that it holds, at least 2: the consumer keeps one. */
  slots: number;
  /** Batches per step. */
  batches: number;
  /** Positions per batch. */
  size: number;
  /** Parts of the data; each has a sampler state. */
  parts: number;
}

/** A ring in a form that can be sent to another thread. */
export interface RingMemory {
  shape: RingShape;
  control: SharedArrayBuffer;
  slots: SharedArrayBuffer[];
}

/** A step taken from the ring; its arrays are valid until the next is taken. */
export interface LoadedStep {
  batches: readonly Batch[];
  /** Sampler states after the step. */
  states: SamplerState[];
}

/** Words of `control`; the requested sampler states follow. */
const PRODUCER_SIGNAL = 0, CONSUMER_SIGNAL = 1, PRODUCED = 2, CONSUMED = 3;
const GENERATION = 4, CLOSED = 5, PRODUCER_ENDED = 6;
const CONTROL_BYTES = 32;

/**
 * Words of a slot; sampler states, counts, batches and the error's text follow.
 */
const SLOT_GENERATION = 0, OUTCOME = 1, TEXT_BYTES = 2, FILLED_BATCHES = 3;
const SLOT_BYTES = 16;
const STATE_BYTES = 16;
const MAX_TEXT_BYTES = 4096;

const FILLED = 0, USER_ERROR = 1, OTHER_ERROR = 2;

/** Bytes per slot. */
export function slotBytes({ batches, size, parts }: RingShape): number {
  return SLOT_BYTES + STATE_BYTES * parts + batches * (4 + 12 * size) +
    MAX_TEXT_BYTES;
}

/** Allocates a ring. */
export function allocateRing(shape: RingShape): RingMemory {
  return {
    shape,
    control: new SharedArrayBuffer(CONTROL_BYTES + STATE_BYTES * shape.parts),
    slots: Array.from(
      { length: shape.slots },
      () => new SharedArrayBuffer(slotBytes(shape)),
    ),
  };
}

/** What both sides share. */
class Ring {
  protected readonly control: Int32Array;
  protected readonly requested: Float64Array;
  protected readonly slots: Slot[];

  constructor({ shape, control, slots }: RingMemory) {
    this.control = new Int32Array(control, 0, CONTROL_BYTES / 4);
    this.requested = new Float64Array(control, CONTROL_BYTES, 2 * shape.parts);
    this.slots = slots.map((memory) => new Slot(memory, shape));
  }

  protected get(word: number): number {
    return Atomics.load(this.control, word);
  }

  protected set(word: number, value: number): void {
    Atomics.store(this.control, word, value);
  }

  protected signal(counter: number): void {
    Atomics.add(this.control, counter, 1);
    Atomics.notify(this.control, counter);
  }

  /**
   * Sleeps until `ready()`. The other side changes what `ready()` reads before
   * it increments the counter.
   */
  protected waitUntil(counter: number, ready: () => boolean): void {
    for (;;) {
      const seen = this.get(counter);
      if (ready()) return;
      Atomics.wait(this.control, counter, seen);
    }
  }

  protected slot(count: number): Slot {
    return this.slots[count % this.slots.length];
  }
}

/** Makes the steps that the producer puts into the ring. */
export interface StepSource {
  /** @returns how many batches the step has */
  fill(batches: readonly Batch[]): number;
  /** Sampler states after the last step. */
  states(): SamplerState[];
  /** Continues from other states. */
  seek(states: SamplerState[]): void;
}

/** The side that fills slots. */
export class RingProducer extends Ring {
  #generation = 0;

  /**
   * Fills slots as they become free, until the ring is closed. Blocks the
   * thread.
   */
  run(source: StepSource): void {
    try {
      while (this.#waitForSlot()) this.#fillSlot(source);
    } finally {
      this.set(PRODUCER_ENDED, 1);
      this.signal(CONSUMER_SIGNAL);
    }
  }

  #waitForSlot(): boolean {
    this.waitUntil(
      PRODUCER_SIGNAL,
      () =>
        this.get(CLOSED) === 1 ||
        this.get(PRODUCED) - this.get(CONSUMED) < this.slots.length,
    );
    return this.get(CLOSED) === 0;
  }

  #fillSlot(source: StepSource): void {
    const filled = this.get(PRODUCED);
    const slot = this.slot(filled);
    const generation = this.get(GENERATION);
    let failed = false;
    try {
      if (generation !== this.#generation) {
        // If another request arrives while this one is read, the generation
        // changes: the slot is skipped and the next one reads the request
        // again.
        source.seek(readStates(this.requested));
        this.#generation = generation;
      }
      const filled = source.fill(slot.batches);
      slot.succeed(generation, source.states(), filled);
    } catch (error) {
      slot.fail(generation, error);
      failed = true;
    }
    this.set(PRODUCED, filled + 1);
    this.signal(CONSUMER_SIGNAL);
    // Nothing follows an error until the consumer restarts.
    if (failed) {
      this.waitUntil(
        PRODUCER_SIGNAL,
        () => this.get(CLOSED) === 1 || this.get(GENERATION) !== generation,
      );
    }
  }
}

/** The side that takes slots. */
export class RingConsumer extends Ring {
  /** Total milliseconds spent waiting for steps. */
  waitedMs = 0;
  #holding = false;

  /**
   * Waits for the next step and returns it; frees the previous one.
   * @throws {UserError} what stopped the producer; again at each call until a
   *   restart.
   */
  take(): LoadedStep {
    if (this.#holding) this.#releaseSlot();
    for (;;) {
      this.#waitForStep();
      const slot = this.slot(this.get(CONSUMED));
      if (slot.generation !== this.get(GENERATION)) {
        this.#releaseSlot();
        continue;
      }
      const error = slot.error();
      if (error) throw error;
      this.#holding = true;
      return slot.step();
    }
  }

  /** From now on, takes the steps that follow `states`. */
  restart(states: readonly SamplerState[]): void {
    states.forEach(({ epoch, position }, part) =>
      this.requested.set([epoch, position], 2 * part)
    );
    Atomics.add(this.control, GENERATION, 1);
    this.signal(PRODUCER_SIGNAL);
  }

  /** Ends the producer when it has finished its current slot. */
  close(): void {
    this.set(CLOSED, 1);
    this.signal(PRODUCER_SIGNAL);
  }

  #releaseSlot(): void {
    this.#holding = false;
    Atomics.add(this.control, CONSUMED, 1);
    // Waking a thread takes longer than reading a small step: wake it for
    // several at a time.
    const left = this.get(PRODUCED) - this.get(CONSUMED);
    if (left <= this.slots.length / 2) this.signal(PRODUCER_SIGNAL);
  }

  #waitForStep(): void {
    const isReady = () => this.get(PRODUCED) !== this.get(CONSUMED);
    if (isReady()) return;
    const from = performance.now();
    this.waitUntil(
      CONSUMER_SIGNAL,
      () => isReady() || this.get(PRODUCER_ENDED) === 1,
    );
    this.waitedMs += performance.now() - from;
    if (!isReady()) throw new Error("The loader thread ended");
  }
}

/** The memory of one step. */
class Slot {
  readonly batches: readonly Batch[];
  readonly #words: Int32Array;
  readonly #states: Float64Array;
  readonly #counts: Uint32Array;
  readonly #text: Uint8Array;

  constructor(memory: SharedArrayBuffer, { batches, size, parts }: RingShape) {
    let at = 0;
    const place = (bytes: number) => (at += bytes) - bytes;
    this.#words = new Int32Array(memory, place(SLOT_BYTES), SLOT_BYTES / 4);
    this.#states = new Float64Array(
      memory,
      place(STATE_BYTES * parts),
      2 * parts,
    );
    this.#counts = new Uint32Array(memory, place(4 * batches), batches);
    const array = () => new Uint32Array(memory, place(4 * size), size);
    this.batches = Array.from({ length: batches }, () => ({
      tokens: array(),
      targets: array(),
      order: array(),
      counted: 0,
    }));
    this.#text = new Uint8Array(memory, place(MAX_TEXT_BYTES), MAX_TEXT_BYTES);
  }

  get generation(): number {
    return this.#words[SLOT_GENERATION];
  }

  /** Records that the first `filled` batches are the step. */
  succeed(
    generation: number,
    states: readonly SamplerState[],
    filled: number,
  ): void {
    this.#words.set([generation, FILLED]);
    this.#words[FILLED_BATCHES] = filled;
    states.forEach(({ epoch, position }, part) =>
      this.#states.set([epoch, position], 2 * part)
    );
    this.batches.forEach(({ counted }, i) => this.#counts[i] = counted);
  }

  /** Records why they are not. */
  fail(generation: number, error: unknown): void {
    const isUserError = error instanceof UserError;
    const message = isUserError
      ? error.message
      : String((error as Error)?.stack ?? error);
    const text = new TextEncoder().encode(message).subarray(0, MAX_TEXT_BYTES);
    this.#text.set(text);
    this.#words.set([
      generation,
      isUserError ? USER_ERROR : OTHER_ERROR,
      text.length,
    ]);
  }

  /** The error recorded by `fail()`. */
  error(): Error | null {
    const outcome = this.#words[OUTCOME];
    if (outcome === FILLED) return null;
    // TextDecoder does not accept shared memory: slice() copies.
    const bytes = this.#text.slice(0, this.#words[TEXT_BYTES]);
    const text = new TextDecoder().decode(bytes);
    return outcome === USER_ERROR ? new UserError(text) : new Error(text);
  }

  /** The step recorded by `succeed()`. */
  step(): LoadedStep {
    this.batches.forEach((batch, i) => batch.counted = this.#counts[i]);
    return {
      batches: firstBatches(this.batches, this.#words[FILLED_BATCHES]),
      states: readStates(this.#states),
    };
  }
}

function readStates(numbers: Float64Array): SamplerState[] {
  return Array.from(
    { length: numbers.length / 2 },
    (_, part) => ({
      epoch: numbers[2 * part],
      position: numbers[2 * part + 1],
    }),
  );
}
