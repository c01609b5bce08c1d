/**
 * What every tokenizer offers.
 * @module
 */
import { UserError } from "../../errors.ts";

/** A file that defines a tokenizer, to be kept beside a model. */
export interface TokenizerFile {
  /** `tokenizer.json`, `dict.txt`. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** Turns text into token ids and back. */
export interface Tokenizer {
  /** Shown to the user and recorded in stores. */
  readonly name: string;
  /** What `loadTokenizer()` makes the same one of, offline and in any thread; `name` where absent. */
  readonly source?: string;
  /** SHA-256 of what defines it, for those that are not built in. */
  readonly digest?: string;
  /** Files that define it; absent for those that are built in. */
  readonly files?: readonly TokenizerFile[];
  /** Number of ids: every id is below it. */
  readonly vocabSize: number;
  /** The end-of-text id, or null where the vocabulary has none. */
  readonly eosId: number | null;
  /**
   * Token ids of `text`; lone surrogates become U+FFFD. Special tokens written out in it are plain text to `byte` and
   * `gpt2`, and become their ids with a tokenizer.json, as in Python; none is added (`[CLS]`, `<s>`).
   */
  encode(text: string): Uint32Array;
  /** Text of `ids`, special tokens written out; incomplete UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The last place in `text` (in UTF-16 units, 0 if none) where it may be cut and its two sides encoded apart
   * without changing a token, whatever text follows. It lets documents larger than memory be encoded in pieces;
   * a tokenizer without it gets each document whole.
   */
  cut?: ((text: string) => number) | undefined;
}

/** A text that tokenizers differ in. One whose code or tables changed under its old name shows here. */
export const PROBE =
  "It's 2026:\r\n\tdef naïve(x):  return '\ufeff東京 🙂'  # 1234567\u0085 end";

/**
 * Stops at the first id that is not in a vocabulary.
 * @throws {UserError} naming the id.
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
