/**
 * Writes tokenized documents to a folder that fairseq-train can read:
 * `dict.txt`, `train.idx` and `train.bin`, `valid.idx` and `valid.bin`.
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
import { Dictionary, EOS, SPECIALS } from "../tokenizers/fairseq/dictionary.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { idTypeFor } from "./int_types.ts";
import { MmapWriter } from "./mmap_writer.ts";

const SPLITS: readonly SplitName[] = ["train", "valid"];
const END_OF_SENTENCE = [EOS];

/**
 * Writes each document as one sentence of fairseq that ends with `</s>`. The
 * symbols of the dictionary are the ids of the tokenizer in decimal digits and
 * in order, as in text encoded for `fairseq-preprocess`; so fairseq's `--bpe
 * gpt2` decodes those of GPT-2. Counts cover the training split, as with
 * fairseq-preprocess.
 */
export class FairseqSink implements TokenSink {
  readonly #dir: string;
  readonly #vocabSize: number;
  readonly #writers: Record<SplitName, MmapWriter>;
  /**
   * Number of occurrences of each id of the dictionary in the training split;
   * exact up to 2^53.
   */
  readonly #counts: Float64Array;
  #finished = false;

  /** @param dir an existing folder: empty, or with files for `restore()` */
  constructor(
    dir: string,
    { tokenizer }: { tokenizer: Pick<Tokenizer, "vocabSize"> },
  ) {
    this.#dir = dir;
    this.#vocabSize = tokenizer.vocabSize;
    const symbols = SPECIALS.length + tokenizer.vocabSize;
    this.#counts = new Float64Array(symbols);
    const type = idTypeFor(symbols);
    this.#writers = {
      train: new MmapWriter(join(dir, "train"), type),
      valid: new MmapWriter(join(dir, "valid"), type),
    };
  }

  /**
   * Appends tokens to the current document of a split.
   * @throws {RangeError} if the tokenizer has no such id.
   */
  push(split: SplitName, ids: Uint32Array): void {
    const counted = split === "train" ? 1 : 0;
    for (let i = 0; i < ids.length; i++) {
      // An invalid id would silently wrap around to another one.
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
   * @returns the number of its tokens including `</s>`; its sentence counts as
   * one sequence.
   * @throws {UserError} if it is longer than the format allows.
   */
  endDocument(split: SplitName): DocumentEnd {
    const writer = this.#writers[split];
    writer.push(END_OF_SENTENCE, 0);
    return { tokens: writer.endSentence(), sequences: 1 };
  }

  /**
   * Writes all buffered data and syncs it to disk; allowed only between
   * documents.
   * @returns the state from which `restore()` resumes
   */
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
   * Truncates the files to a saved state and resumes from there.
   * @throws {UserError} if the files hold less than they did then.
   */
  restore(state: SinkState): void {
    for (const split of SPLITS) {
      this.#writers[split].restore(
        Number(state[`${split}Sentences`]),
        Number(state[`${split}Tokens`]),
      );
    }
    // Counts are computed again instead of saved: states stay small, and few
    // runs are killed.
    this.#counts.fill(0);
    this.#writers.train.forEachWritten((ids) => {
      for (let i = 0; i < ids.length; i++) this.#counts[ids[i]]++;
    });
  }

  /** Writes all buffered data and the dictionary, and syncs them to disk. */
  finish(): void {
    const dictionary = new Dictionary();
    for (let id = 0; id < this.#vocabSize; id++) {
      dictionary.add(String(id), this.#counts[id + SPECIALS.length]);
    }
    dictionary.save(join(this.#dir, "dict.txt"));
    for (const split of SPLITS) this.#writers[split].finish();
    this.#finished = true;
  }

  /** Closes the files, complete or not. */
  close(): void {
    for (const split of SPLITS) this.#writers[split].close();
    // fairseq cannot memory-map empty files.
    if (!this.#finished || this.#writers.valid.sentences > 0) return;
    for (const ending of ["idx", "bin"]) {
      rmSync(join(this.#dir, `valid.${ending}`), { force: true });
    }
  }
}
