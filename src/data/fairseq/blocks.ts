/**
 * Splits a subset into fairseq's samples for language models with
 * `sample_break_mode none`: all its sentences are concatenated and cut into
 * blocks of equal length; the last may be shorter.
 *
 * The targets of a block are its tokens; its inputs are the same, shifted right
 * by one, and start with the token before the block. So every token is
 * predicted once, and `</s>` precedes the first. `</s>` also precedes a block
 * that starts with a sentence, which makes a difference only if the previous
 * sentence does not end with it.
 * @module
 */
import { IGNORE, type TokenSplit } from "../store/token_store.ts";
import { MmapDataset } from "./mmap_dataset.ts";

/** A subset as plain data, from which any thread can open it. */
export interface FairseqLocation {
  /**
   * Paths without `.idx` and `.bin`; their sentences are concatenated in this
   * order.
   */
  paths: string[];
  /** Tokens per block: fairseq's `tokens_per_sample`. */
  sequenceLength: number;
  /** Every id is less than it. */
  vocabSize: number;
  /** Id that fills up inputs and is not predicted. */
  pad: number;
  /** Id that precedes the first token of a sentence. */
  eos: number;
}

/** The blocks of a subset. */
export class FairseqSplit implements TokenSplit {
  readonly ownTargets = true;
  readonly sequenceLength: number;
  /** Number of blocks. */
  readonly sequences: number;
  /** Number of tokens. */
  readonly tokens: number;
  readonly sentences: number;
  readonly #location: FairseqLocation;
  readonly #parts: { data: MmapDataset; from: number; to: number }[] = [];
  /** One bit per block: whether it starts with a sentence. */
  readonly #starts: Uint8Array;
  /** The token before a block, and the tokens of the block. */
  readonly #window: Uint32Array;

  /** @throws {UserError} if a file is missing, damaged or in another format. */
  constructor(location: FairseqLocation) {
    const { sequenceLength } = location;
    this.#location = location;
    this.sequenceLength = sequenceLength;
    this.#window = new Uint32Array(sequenceLength + 1);
    try {
      let tokens = 0;
      let sentences = 0;
      for (const path of location.paths) {
        const data = MmapDataset.open(path);
        const to = tokens + data.tokens;
        this.#parts.push({ data, from: tokens, to });
        sentences += data.sentences;
        tokens = to;
      }
      this.tokens = tokens;
      this.sentences = sentences;
      this.sequences = Math.ceil(tokens / sequenceLength);
      this.#starts = new Uint8Array(Math.ceil(this.sequences / 8));
      for (const { data, from } of this.#parts) this.#check(data, from);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Reads block `index` into `into[at … at + sequenceLength - 1]` and its
   * targets into the same positions of `targets`; after the end of a shorter
   * block, inputs are `pad` and targets `IGNORE`.
   * @throws {RangeError} if there is no such block or the arrays are too short.
   * @throws {UserError} if a file was truncated after it was opened, or has an
   * id outside the vocabulary.
   */
  read(
    index: number,
    into: Uint32Array,
    at: number,
    targets?: Uint32Array,
  ): void {
    const { sequenceLength: T, sequences } = this;
    if (!(Number.isInteger(index) && index >= 0 && index < sequences)) {
      throw new RangeError(`Cannot read block ${index} of ${sequences}`);
    }
    const room = Math.min(into.length, targets?.length ?? into.length);
    if (!(at >= 0 && at + T <= room)) {
      throw new RangeError(
        `Cannot read ${T} tokens to position ${at} of ${room}`,
      );
    }
    const { pad, eos } = this.#location;
    const from = index * T;
    const count = Math.min(T, this.tokens - from);
    const window = this.#window.subarray(0, count + 1);
    if (this.#startsSentence(index)) {
      window[0] = eos;
      this.#read(from, window.subarray(1));
    } else {
      this.#read(from - 1, window);
    }
    into.set(window.subarray(0, count), at);
    into.fill(pad, at + count, at + T);
    if (!targets) return;
    for (let i = 0; i < count; i++) {
      const target = window[i + 1];
      targets[at + i] = target === pad ? IGNORE : target;
    }
    targets.fill(IGNORE, at + count, at + T);
  }

  /** Closes the files. */
  close(): void {
    for (const { data } of this.#parts) data.close();
  }

  /** Checks a part and records which blocks start with one of its sentences. */
  #check(data: MmapDataset, from: number): void {
    const { sequenceLength } = this;
    let at = from;
    data.check((sizes) => {
      for (let i = 0; i < sizes.length; i++) {
        // An empty sentence starts at the same token as the next one.
        if (at % sequenceLength === 0) {
          const block = at / sequenceLength;
          this.#starts[block >> 3] |= 1 << (block & 7);
        }
        at += sizes[i];
      }
    });
  }

  #startsSentence(block: number): boolean {
    return (this.#starts[block >> 3] >> (block & 7) & 1) === 1;
  }

  /** Reads tokens across parts. */
  #read(start: number, into: Uint32Array): void {
    const end = start + into.length;
    for (const { data, from, to } of this.#parts) {
      const first = Math.max(start, from);
      const last = Math.min(end, to);
      if (first >= last) continue;
      const place = into.subarray(first - start, last - start);
      data.read(first - from, place, this.#location.vocabSize);
    }
  }
}

/**
 * Opens a subset and checks its index against its data. The caller closes it.
 * @throws {UserError} if a file is missing, damaged or in another format.
 */
export function openFairseqSplit(location: FairseqLocation): FairseqSplit {
  return new FairseqSplit(location);
}
