/**
 * The tokenizer that a tokenizer.json describes, composed of its parts.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";
import { toByteChars } from "../gpt2/byte_chars.ts";
import { IdList } from "../gpt2/id_list.ts";
import { MAX_CACHED_WORD_UNITS, WordCache } from "../gpt2/word_cache.ts";
import { findSafeCut } from "../safe_cut.ts";
import { checkIds, type Tokenizer, type TokenizerFile } from "../tokenizer.ts";
import {
  type AddedToken,
  addedTokenMatcher,
  readAddedTokens,
} from "./added_tokens.ts";
import { type Decoder, readDecoder } from "./decoder.ts";
import type { JsonNode } from "./json_node.ts";
import {
  callMs,
  limited,
  READ_MS,
  SHORT_UNITS,
  slowRulesIn,
} from "./limits.ts";
import { readModel, type TokenModel } from "./models/model.ts";
import { type Normalizer, readNormalizer } from "./normalizer.ts";
import { type PreTokenizer, readPreTokenizer } from "./pre_tokenizer.ts";

/** Properties of the tokenizer that a tokenizer.json does not contain. */
export interface JsonTokenizerOptions {
  name: string;
  source: string;
  digest: string;
  files: readonly TokenizerFile[];
  /**
   * Candidates for the end-of-text token; the first that is a token is used.
   */
  eos: readonly string[];
}

/**
 * Reads a tokenizer.json: added tokens, normalizer, pre-tokenizer, model and
 * decoder.
 *
 * Ids equal those of the reference implementation (Rust's `tokenizers`) without
 * template tokens (`[CLS]`, `<s>`). Added tokens spelled out in a text become
 * their ids, as with `tokenizer(text)` in Python; the file's truncation and
 * padding are ignored, as there.
 * @throws {UserError} naming the part that is invalid or not supported.
 */
export function readJsonTokenizer(
  json: JsonNode,
  options: JsonTokenizerOptions,
): Tokenizer {
  return limited(
    READ_MS,
    (limit) => json.error(`${limit} to read`),
    () => new JsonTokenizer(json, options),
  );
}

class JsonTokenizer implements Tokenizer {
  readonly name: string;
  readonly source: string;
  readonly digest: string;
  readonly files: readonly TokenizerFile[];
  readonly vocabSize: number;
  readonly eosId: number | null;
  readonly lastSafeCut?: ((text: string) => number) | undefined;
  #matchRaw: ReturnType<typeof addedTokenMatcher>;
  #matchNormalized: ReturnType<typeof addedTokenMatcher>;
  #normalizer: Normalizer | null;
  #preTokenizer: PreTokenizer;
  #model: TokenModel;
  #decode: Decoder;
  /** Token of each id; undefined for unused ids. */
  #tokens: (string | undefined)[];
  #cache = new WordCache();
  #out = new IdList();
  /** Patterns and replacements that may take long for a short text. */
  #slowRules: string[];
  #slowDecoderRules: string[];

  constructor(json: JsonNode, options: JsonTokenizerOptions) {
    json.asObject();
    this.name = options.name;
    this.source = options.source;
    this.digest = options.digest;
    this.files = options.files;
    const normalizer = json.at("normalizer");
    this.#normalizer = normalizer.absent ? null : readNormalizer(normalizer);
    this.#preTokenizer = readPreTokenizer(json.at("pre_tokenizer"));
    this.#model = readModel(json.at("model"));
    this.#decode = readDecoder(json.at("decoder"));

    const { vocab } = this.#model;
    const added = readAddedTokens(
      json.at("added_tokens"),
      vocab,
      this.#normalizer,
    );
    this.#matchRaw = addedTokenMatcher(
      added.filter((token) => !token.normalized),
    );
    this.#matchNormalized = addedTokenMatcher(
      added.filter((token) => token.normalized),
    );
    this.#tokens = tokensById(vocab, added);
    this.vocabSize = this.#tokens.length;
    if (this.vocabSize === 0) json.at("model").at("vocab").fail("not empty");
    const ids = new Map(
      added.map(({ rawContent, id }) => [rawContent, id]),
    );
    this.eosId = options.eos.map((text) => ids.get(text) ?? vocab.get(text))
      .find((id) => id !== undefined) ?? null;
    this.lastSafeCut = findSafeCut(json, added) ?? undefined;
    // A safe cut is found for known patterns only.
    this.#slowRules = this.lastSafeCut
      ? []
      : slowRulesIn(normalizer.value, json.at("pre_tokenizer").value);
    this.#slowDecoderRules = slowRulesIn(json.at("decoder").value);
  }

  encode(text: string): Uint32Array {
    const isQuick = text.length <= SHORT_UNITS && this.#slowRules.length === 0;
    let starts = 0;
    return limited(
      isQuick ? null : callMs(text.length),
      (limit) => {
        const start = brief(text.slice(0, 40));
        return this.#fault(
          `${limit} for a text of ${text.length} characters that begins with ${start}`,
          this.#slowRules,
        );
      },
      () => {
        // An interrupted attempt may have left a word half-written.
        if (starts++ > 0) this.#cache = new WordCache();
        return this.#encode(text);
      },
    );
  }

  #fault(what: string, rules: readonly string[]): UserError {
    const cause = rules.length === 0
      ? ""
      : `, because of ${
        rules.slice(0, 3).map((rule) => brief(rule)).join(" or ")
      }`;
    return new UserError(
      `Cannot use the tokenizer '${this.name}' as it ${what}${cause}: use another tokenizer, or leave the text out`,
    );
  }

  #encode(text: string): Uint32Array {
    this.#out.clear();
    text = text.toWellFormed();
    if (!this.#matchRaw) this.#encodeText(text, true);
    else {
      this.#matchRaw(text, (piece, id, start) => {
        if (id !== null) this.#out.push(id);
        else this.#encodeText(piece, start === 0);
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
    return limited(
      this.#slowDecoderRules.length === 0 ? null : callMs(tokens.length),
      (limit) =>
        this.#fault(
          `${limit} to decode ${tokens.length} tokens`,
          this.#slowDecoderRules,
        ),
      () => this.#decode(tokens).join(""),
    );
  }

  /** Encodes the text between added tokens. */
  #encodeText(text: string, first: boolean): void {
    if (this.#normalizer) {
      first &&= !this.#normalizer.removesStart(text);
      text = this.#normalizer.apply(text);
    }
    if (!this.#matchNormalized) {
      if (text !== "") this.#preTokenizer.split(text, first, this.#encodeWord);
      return;
    }
    this.#matchNormalized(text, (piece, id, start) => {
      if (id !== null) this.#out.push(id);
      else {
        const isFirst = first && start === 0;
        this.#preTokenizer.split(piece, isFirst, this.#encodeWord);
      }
    });
  }

  #encodeWord = (word: string): void => {
    const { segmentEnd } = this.#model;
    if (
      word.length <= MAX_CACHED_WORD_UNITS || !segmentEnd ||
      this.#preTokenizer.byteLevel
    ) {
      this.#encodeSegment(word);
      return;
    }
    for (let start = 0, end = 0; start < word.length; start = end) {
      end = segmentEnd(word, start);
      this.#encodeSegment(word.slice(start, end));
    }
  };

  #encodeSegment(segment: string): void {
    if (this.#cache.appendIds(segment, this.#out)) return;
    const ids = this.#model.encode(
      this.#preTokenizer.byteLevel ? toByteChars(segment) : segment,
    );
    this.#out.append(ids);
    this.#cache.add(segment, ids);
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
