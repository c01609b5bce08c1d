/**
 * Prepared text as a folder that fairseq-train can read: `dict.txt`, `train.idx` and `train.bin`, `valid.idx` and
 * `valid.bin`.
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type {
  DocumentEnd,
  SinkState,
  SplitName,
  TokenSink,
} from "../store/token_sink.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { Dictionary, EOS, SPECIALS } from "../tokenizers/fairseq/dictionary.ts";
import { typeFor } from "./int_types.ts";
import { MmapWriter } from "./mmap_writer.ts";

const SPLITS: readonly SplitName[] = ["train", "valid"];
const END = [EOS];

/**
 * Writes documents as fairseq's sentences, with `</s>` at the end of each. The dictionary's symbols are the tokenizer's
 * ids in decimal digits and in order, as text has them that was encoded for `fairseq-preprocess`; so fairseq's
 * `--bpe gpt2` decodes those of GPT-2. Counts are of the training split, as fairseq-preprocess makes them.
 */
export class FairseqSink implements TokenSink {
  readonly #dir: string;
  readonly #vocabSize: number;
  readonly #writers: Record<SplitName, MmapWriter>;
  /** How often the training split has each id of the dictionary; exact up to 2^53. */
  readonly #counts: Float64Array;
  #finished = false;

  /** @param dir an existing folder: empty, or to be restored from */
  constructor(
    dir: string,
    { tokenizer }: { tokenizer: Pick<Tokenizer, "vocabSize"> },
  ) {
    this.#dir = dir;
    this.#vocabSize = tokenizer.vocabSize;
    const symbols = SPECIALS.length + tokenizer.vocabSize;
    this.#counts = new Float64Array(symbols);
    const type = typeFor(symbols);
    this.#writers = {
      train: new MmapWriter(join(dir, "train"), type),
      valid: new MmapWriter(join(dir, "valid"), type),
    };
  }

  /**
   * Adds the next tokens of the current document of a split.
   * @throws {RangeError} if the tokenizer has no such id.
   */
  push(split: SplitName, ids: Uint32Array): void {
    const counted = split === "train" ? 1 : 0;
    for (let i = 0; i < ids.length; i++) {
      // A wrong id would wrap around silently and be another one.
      if (ids[i] >= this.#vocabSize) {
        throw new RangeError(
          `Cannot write token ${ids[i]} of a vocabulary of ${this.#vocabSize}`,
        );
      }
      this.#counts[ids[i] + SPECIALS.length] += counted;
    }
    this.#writers[split].push(ids, SPECIALS.length);
  }

  /**
   * Ends the current document with `</s>`.
   * @returns the number of its tokens, `</s>` included; its sentence counts as one chunk.
   * @throws {UserError} if it is longer than the format allows.
   */
  endDocument(split: SplitName): DocumentEnd {
    const writer = this.#writers[split];
    writer.push(END, 0);
    return { tokens: writer.endSentence(), sequences: 1 };
  }

  /** Writes what is held back, waits until the disk has it, and says where that is; only between documents. */
  save(): SinkState {
    const state: SinkState = {};
    for (const split of SPLITS) {
      const writer = this.#writers[split];
      writer.save();
      state[`${split}Sentences`] = writer.sentences;
      state[`${split}Tokens`] = writer.tokens;
    }
    return state;
  }

  /**
   * Cuts the files back to a saved state, to go on from there.
   * @throws {UserError} if they hold less than they did then.
   */
  restore(state: SinkState): void {
    for (const split of SPLITS) {
      this.#writers[split].restore(
        Number(state[`${split}Sentences`]),
        Number(state[`${split}Tokens`]),
      );
    }
    // Counted again rather than saved: states stay small, and few runs are killed.
    this.#counts.fill(0);
    this.#writers.train.readBack((ids) => {
      for (let i = 0; i < ids.length; i++) this.#counts[ids[i]]++;
    });
  }

  /** Writes what is left and the dictionary, and waits until the disk has it. */
  finish(): void {
    const dictionary = new Dictionary();
    for (let id = 0; id < this.#vocabSize; id++) {
      dictionary.add(String(id), this.#counts[id + SPECIALS.length]);
    }
    dictionary.save(join(this.#dir, "dict.txt"));
    for (const split of SPLITS) this.#writers[split].finish();
    this.#finished = true;
  }

  /** Closes the files, finished or not. */
  close(): void {
    for (const split of SPLITS) this.#writers[split].close();
    // fairseq cannot map files without data.
    if (!this.#finished || this.#writers.valid.sentences > 0) return;
    for (const ending of ["idx", "bin"]) {
      rmSync(join(this.#dir, `valid.${ending}`), { force: true });
    }
  }
}
