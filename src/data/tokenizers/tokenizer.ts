/**
 * The interface of every tokenizer.
 *
 * The tokenizers are this project's own code for speed and size. CPU time over
 * five kinds (byte-level BPE, Llama 3, SentencePiece BPE, WordPiece, Unigram):
 * 13.5 / 10.1 / 10.6 / 15.6 / 6.1 MB/s, against 1.4 / 1.3 / 2.4 / 2.0 / 1.4
 * MB/s of npm `tokenizers` 0.23.2, whose 64 MB of native code fit no bundle;
 * ids are equal on 477 of 477 documents. See
 * docs/decisions/0002-own-tokenizers.md.
 * @module
 */
import { UserError } from "../../errors.ts";

/** A file that defines a tokenizer, saved next to a model. */
export interface TokenizerFile {
  /** `tokenizer.json`, `dict.txt`. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Name in messages and in token stores. */
  readonly name: string;
  /**
   * Argument from which `loadTokenizer()` loads the same tokenizer offline and
   * in any thread; `name` if absent.
   */
  readonly source?: string;
  /** SHA-256 of the defining files; absent for built-in tokenizers. */
  readonly digest?: string;
  /** Defining files; absent for built-in tokenizers. */
  readonly files?: readonly TokenizerFile[];
  /** Number of ids; every id is less than it. */
  readonly vocabSize: number;
  /** Id of the end-of-text token; null if the vocabulary has none. */
  readonly eosId: number | null;
  /**
   * Encodes `text`; lone surrogates become U+FFFD. Special tokens spelled out
   * in the text are plain text for `byte` and `gpt2`, and become their ids with
   * a tokenizer.json, as in Python. No special token (`[CLS]`, `<s>`) is added.
   */
  encode(text: string): Uint32Array;
  /**
   * Decodes `ids`, with special tokens spelled out; incomplete UTF-8 becomes
   * U+FFFD.
   */
  decode(ids: ArrayLike<number>): string;
  /**
   * Returns the last position in `text` (in UTF-16 units, 0 if none) where the
   * text can be cut and both sides encoded separately without changing a token,
   * regardless of what follows. It lets documents larger than memory be encoded
   * in pieces; a tokenizer without it gets each document whole.
   */
  lastSafeCut?: ((text: string) => number) | undefined;
}

/**
 * A text on which tokenizers differ. Its ids are part of fingerprints, so they
 * reveal a tokenizer whose code or tables changed under the same name.
 */
export const TOKENIZER_PROBE =
  "It's 2026:\r\n\tdef naïve(x):  return '\ufeff東京 🙂'  # 1234567\u0085 end";

/**
 * Checks that all ids are in a vocabulary.
 * @throws {UserError} naming the first id that is not.
 */
export function checkIds(
  name: string,
  vocabSize: number,
  ids: ArrayLike<number>,
): void {
  for (let i = 0; i < ids.length; i++) {
    if (!(ids[i] >= 0 && ids[i] < vocabSize)) {
      throw new UserError(
        `Cannot decode token ${
          ids[i]
        } as the tokenizer '${name}' has ids 0 to ${vocabSize - 1}`,
      );
    }
  }
}
