/**
 * fairseq's samples for language models with `sample_break_mode none`: all sentences of a subset, one after the other,
 * cut into blocks of equal length, of which the last may be shorter.
 *
 * A block's targets are its tokens; its inputs are the same, shifted right by one, and start with the token before the
 * block. So every token is predicted once, and `</s>` comes before the first. `</s>` comes also before a block that
 * starts where a sentence starts, which only differs where the sentence before it does not end with one.
 * @module
 */
import { IGNORE } from "../store/token_store.ts";
import type { TokenSplit } from "../store/token_store.ts";
import { MmapDataset } from "./mmap_dataset.ts";

/** What a subset is, as plain data: all that is needed to open it, in any thread. */
export interface FairseqRef {
  /** Paths without `.idx` and `.bin`; their sentences follow each other. */
  paths: string[];
  /** Tokens of a block: fairseq's `tokens_per_sample`. */
  contextLength: number;
  /** Every id is below it. */
  vocabSize: number;
  /** Id that fills up inputs, and is not predicted. */
  pad: number;
  /** Id before the first token of a sentence. */
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
  readonly #ref: FairseqRef;
  readonly #parts: { data: MmapDataset; from: number; to: number }[] = [];
  /** A bit for each block: whether it starts where a sentence starts. */
  readonly #starts: Uint8Array;
  /** The token before a block and those of the block. */
  readonly #window: Uint32Array;

  /** @throws {UserError} if a file is missing, damaged or in another format. */
  constructor(ref: FairseqRef) {
    const { contextLength: sequenceLength } = ref;
    this.#ref = ref;
    this.sequenceLength = sequenceLength;
    this.#window = new Uint32Array(sequenceLength + 1);
    try {
      let tokens = 0;
      let sentences = 0;
      for (const path of ref.paths) {
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
   * Reads block `index` into `into[at … at + contextLength - 1]` and its targets into the same places of `targets`;
   * where a block is shorter, inputs are `pad` and targets `IGNORE`.
   * @throws {RangeError} if there is no such block or no room for it.
   * @throws {UserError} if a file has been cut short since it was opened, or has an id that is not in the vocabulary.
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
        `Cannot read ${T} tokens into ${room} from ${at} on`,
      );
    }
    const { pad, eos } = this.#ref;
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

  /** Closes the files; reading is over. */
  close(): void {
    for (const { data } of this.#parts) data.close();
  }

  /** Checks a part and notes which blocks start with a sentence of it. */
  #check(data: MmapDataset, from: number): void {
    const { sequenceLength } = this;
    let at = from;
    data.check((sizes) => {
      for (let i = 0; i < sizes.length; i++) {
        // An empty sentence starts where the next one does.
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
      data.read(first - from, place, this.#ref.vocabSize);
    }
  }
}

/**
 * Opens a subset after checking its index against its data; close it when done.
 * @throws {UserError} if a file is missing, damaged or in another format.
 */
export function openFairseqSplit(ref: FairseqRef): FairseqSplit {
  return new FairseqSplit(ref);
}
