/**
 * What every tokenizer offers, and how one is chosen by name.
 * @module
 */
import { UserError } from "../errors.ts";

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
  /** Token ids of `text`; special tokens written out in it are plain text, lone surrogates become U+FFFD. */
  encode(text: string): Uint32Array;
  /** Text of `ids`; incomplete UTF-8 becomes U+FFFD. */
  decode(ids: ArrayLike<number>): string;
  /**
   * The last place in `text` (in UTF-16 units, 0 if none) where it may be cut and its two sides encoded apart
   * without changing a token, whatever text follows. It lets documents larger than memory be encoded in pieces;
   * a tokenizer without it gets each document whole.
   */
  cut?(text: string): number;
}

const LOADERS: Record<string, () => Promise<Tokenizer>> = {
  byte: async () => (await import("./byte.ts")).byteTokenizer,
  gpt2: async () => await (await import("./gpt2.ts")).loadGpt2(),
};

/** Names that `loadTokenizer()` accepts. */
export const TOKENIZER_NAMES: readonly string[] = Object.keys(LOADERS);

const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * The tokenizer called `name`; its tables are read at the first request only.
 * @throws {UserError} if there is none of that name; the message lists the choices.
 */
export function loadTokenizer(name: string): Promise<Tokenizer> {
  let promise = loaded.get(name);
  if (promise) return promise;
  if (!Object.hasOwn(LOADERS, name)) {
    return Promise.reject(
      new UserError(
        `Cannot load the tokenizer as 'data.tokenizer' must be one of ${
          TOKENIZER_NAMES.join(", ")
        }: got ${JSON.stringify(name)}`,
      ),
    );
  }
  promise = LOADERS[name]();
  loaded.set(name, promise);
  return promise;
}

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
