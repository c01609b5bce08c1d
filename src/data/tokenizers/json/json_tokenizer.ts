/**
 * A tokenizer made of the parts that a tokenizer.json names.
 * @module
 */
import { checkIds, type Tokenizer, type TokenizerFile } from "../tokenizer.ts";
import {
  type AddedToken,
  readAddedTokens,
  tokenFinder,
} from "./added_tokens.ts";
import { toByteChars } from "../gpt2/byte_chars.ts";
import { findCut } from "../safe_cut.ts";
import { type Decoder, readDecoder } from "./decoder.ts";
import { IdList } from "../gpt2/id_list.ts";
import { type Model, readModel } from "./models/model.ts";
import { type Normalizer, readNormalizer } from "./normalizer.ts";
import type { Part } from "./part.ts";
import { readWordRule, type WordRule } from "./pre_tokenizer.ts";
import { CACHED_WORD_UNITS, WordCache } from "../gpt2/word_cache.ts";

/** What a tokenizer.json does not say itself. */
export interface JsonTokenizerOptions {
  name: string;
  source: string;
  digest: string;
  files: readonly TokenizerFile[];
  /** Texts that may be the end of text; the first that is a token is. */
  eos: readonly string[];
}

/**
 * Reads a tokenizer.json: added tokens, normalizer, pre-tokenizer, model and decoder.
 *
 * Ids are those of the reference implementation (Rust's `tokenizers`) without template tokens (`[CLS]`, `<s>`): added
 * tokens written out in a text become their ids, as `tokenizer(text)` in Python does; truncation and padding that the
 * file may ask for are left out, as there.
 * @throws {UserError} naming the part that is wrong or not supported.
 */
export function readJsonTokenizer(
  json: Part,
  options: JsonTokenizerOptions,
): Tokenizer {
  return new JsonTokenizer(json, options);
}

class JsonTokenizer implements Tokenizer {
  readonly name: string;
  readonly source: string;
  readonly digest: string;
  readonly files: readonly TokenizerFile[];
  readonly vocabSize: number;
  readonly eosId: number | null;
  readonly cut?: ((text: string) => number) | undefined;
  #find: ReturnType<typeof tokenFinder>;
  #findNormalized: ReturnType<typeof tokenFinder>;
  #normalizer: Normalizer | null;
  #words: WordRule;
  #model: Model;
  #decode: Decoder;
  /** The token of each id; undefined where the vocabulary has a hole. */
  #tokens: (string | undefined)[];
  #cache = new WordCache();
  #out = new IdList();

  constructor(json: Part, options: JsonTokenizerOptions) {
    json.record();
    this.name = options.name;
    this.source = options.source;
    this.digest = options.digest;
    this.files = options.files;
    const normalizer = json.at("normalizer");
    this.#normalizer = normalizer.absent ? null : readNormalizer(normalizer);
    this.#words = readWordRule(json.at("pre_tokenizer"));
    this.#model = readModel(json.at("model"));
    this.#decode = readDecoder(json.at("decoder"));

    const { vocab } = this.#model;
    const added = readAddedTokens(
      json.at("added_tokens"),
      vocab,
      this.#normalizer,
    );
    this.#find = tokenFinder(added.filter((token) => !token.normalized));
    this.#findNormalized = tokenFinder(
      added.filter((token) => token.normalized),
    );
    this.#tokens = tokensById(vocab, added);
    this.vocabSize = this.#tokens.length;
    if (this.vocabSize === 0) json.at("model").at("vocab").fail("not empty");
    const ids = new Map(added.map(({ written, id }) => [written, id]));
    this.eosId = options.eos.map((text) => ids.get(text) ?? vocab.get(text))
      .find((id) => id !== undefined) ?? null;
    this.cut = findCut(json, added) ?? undefined;
  }

  encode(text: string): Uint32Array {
    this.#out.clear();
    text = text.toWellFormed();
    if (!this.#find) this.#piece(text, true);
    else {
      this.#find(text, (piece, id, start) => {
        if (id !== null) this.#out.push(id);
        else this.#piece(piece, start === 0);
      });
    }
    return this.#out.take();
  }

  decode(ids: ArrayLike<number>): string {
    checkIds(this.name, this.vocabSize, ids);
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const token = this.#tokens[ids[i]];
      if (token !== undefined) tokens.push(token);
    }
    return this.#decode(tokens).join("");
  }

  /** Encodes what stands between added tokens. */
  #piece(text: string, first: boolean): void {
    if (this.#normalizer) {
      first &&= !this.#normalizer.dropsStart(text);
      text = this.#normalizer.apply(text);
    }
    if (!this.#findNormalized) {
      if (text !== "") this.#words.cut(text, first, this.#word);
      return;
    }
    this.#findNormalized(text, (piece, id, start) => {
      if (id !== null) this.#out.push(id);
      else this.#words.cut(piece, first && start === 0, this.#word);
    });
  }

  #word = (word: string): void => {
    const { partEnd } = this.#model;
    if (word.length <= CACHED_WORD_UNITS || !partEnd || this.#words.bytes) {
      this.#part(word);
      return;
    }
    for (let start = 0, end = 0; start < word.length; start = end) {
      end = partEnd(word, start);
      this.#part(word.slice(start, end));
    }
  };

  #part(part: string): void {
    if (this.#cache.append(part, this.#out)) return;
    const ids = this.#model.encode(
      this.#words.bytes ? toByteChars(part) : part,
    );
    this.#out.append(ids);
    this.#cache.add(part, ids);
  }
}

function tokensById(
  vocab: ReadonlyMap<string, number>,
  added: readonly AddedToken[],
): (string | undefined)[] {
  let size = 0;
  for (const id of vocab.values()) size = Math.max(size, id + 1);
  for (const { id } of added) size = Math.max(size, id + 1);
  const tokens = new Array<string | undefined>(size).fill(undefined);
  for (const [token, id] of vocab) tokens[id] = token;
  for (const { id, content } of added) tokens[id] = content;
  return tokens;
}
