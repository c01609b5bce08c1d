/**
 * What every tokenizer offers, and how one is chosen by name.
 * @module
 */
import { existsSync } from "node:fs";
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
  cut?(text: string): number;
}

const BUILT_IN: Record<string, () => Promise<Tokenizer>> = {
  byte: async () => (await import("./byte.ts")).byteTokenizer,
  gpt2: async () => await (await import("./gpt2/gpt2.ts")).loadGpt2(),
};

/** Names that `loadTokenizer()` accepts beside paths and names on the hub. */
export const TOKENIZER_NAMES: readonly string[] = Object.keys(BUILT_IN);

/** What a name alone does not say. */
export interface LoadTokenizerOptions {
  /** Where downloads go; without it there are none. */
  cacheDir?: string;
  /** The config key that errors name. @default "data.tokenizer" */
  key?: string;
  /** What the user calls a tokenizer.json. @default its path */
  name?: string;
}

const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * The tokenizer that `spec` names; its tables are read at the first request only.
 * @param spec `byte`, `gpt2`, a path of a tokenizer.json or of a folder with one, `<owner>/<name>[@revision]` on the
 * Hugging Face hub, or the `source` of a tokenizer; what exists on disk is a path
 * @throws {UserError} if there is none of that name (the message lists the choices), or its files are wrong.
 */
export async function loadTokenizer(
  spec: string,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  const { cacheDir, key = "data.tokenizer" } = options;
  if (Object.hasOwn(BUILT_IN, spec)) {
    if (!loaded.has(spec)) loaded.set(spec, BUILT_IN[spec]());
    return await loaded.get(spec)!;
  }
  if (spec.startsWith("fairseq:")) {
    const { loadFairseqTokenizer } = await import(
      "./fairseq/dictionary_tokenizer.ts"
    );
    return await loadFairseqTokenizer(spec);
  }
  const { loadHubTokenizer, loadJsonTokenizer } = await import(
    "./json/load.ts"
  );
  if (spec !== "" && existsSync(spec)) {
    return loadJsonTokenizer(spec, options.name);
  }
  if (spec.endsWith(".json")) {
    throw new UserError(
      `Cannot load the tokenizer of '${key}' as there is no file ${
        JSON.stringify(spec)
      }: check the path`,
    );
  }
  const { parseHubName } = await import("../hub/mod.ts");
  const found = spec.includes("/") ? parseHubName(spec) : null;
  if (!found) {
    throw new UserError(
      `Cannot load the tokenizer as '${key}' must be one of ${
        TOKENIZER_NAMES.join(", ")
      }, the path of a tokenizer.json or of a folder with one, or <owner>/<name> on the Hugging Face hub: got ${
        JSON.stringify(spec)
      }`,
    );
  }
  if (cacheDir === undefined) {
    throw new UserError(
      `Cannot load the tokenizer '${spec}' of '${key}' as it is no file here and there is no folder for downloads: set 'data.cache'`,
    );
  }
  const { repo, revision } = found;
  return await loadHubTokenizer(repo, revision, spec, cacheDir);
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
