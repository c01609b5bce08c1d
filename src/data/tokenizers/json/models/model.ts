/**
 * The models of a tokenizer.json: how does a word become ids?
 * @module
 */
import type { JsonNode } from "../json_node.ts";
import { readBpe } from "./bpe.ts";
import { readUnigram } from "./unigram.ts";
import { readWordLevel, readWordPiece } from "./word_piece.ts";

/** Encodes words to ids. */
export interface TokenModel {
  /** Ids by token. */
  readonly vocab: ReadonlyMap<string, number>;
  /** Encodes a non-empty word. */
  encode(word: string): Uint32Array;
  /**
   * End (at most `word.length`) of the segment of `word` that begins at
   * `start`: segments can be encoded separately without changing an id. A model
   * without it needs whole words.
   */
  segmentEnd?(word: string, start: number): number;
}

const MODELS: Record<string, (node: JsonNode) => TokenModel> = {
  BPE: readBpe,
  WordPiece: readWordPiece,
  WordLevel: readWordLevel,
  Unigram: readUnigram,
};

/**
 * Reads the `model` of a tokenizer.json.
 * @throws {UserError} naming the part that is invalid or not supported.
 */
export function readModel(node: JsonNode): TokenModel {
  const value = node.asObject();
  // Early files have no type: the fields identify the model.
  const type = node.at("type").absent
    ? "merges" in value
      ? "BPE"
      : Array.isArray(value.vocab)
      ? "Unigram"
      : "max_input_chars_per_word" in value
      ? "WordPiece"
      : "WordLevel"
    : node.typeName();
  if (!Object.hasOwn(MODELS, type)) node.unsupported(Object.keys(MODELS));
  return MODELS[type](node);
}
