/**
 * The models of a tokenizer.json: what turns a word into ids.
 * @module
 */
import { readBpe } from "./bpe.ts";
import type { Part } from "../part.ts";
import { readUnigram } from "./unigram.ts";
import { readWordLevel, readWordPiece } from "./word_piece.ts";

/** Turns words into ids. */
export interface Model {
  /** Each token's id. */
  readonly vocab: ReadonlyMap<string, number>;
  /** Ids of a word that is not empty. */
  encode(word: string): Uint32Array;
  /**
   * Where the part of `word` that begins at `start` ends (`word.length` at most): parts may be encoded apart without
   * changing an id. A model without it needs each word whole.
   */
  partEnd?(word: string, start: number): number;
}

const MODELS: Record<string, (part: Part) => Model> = {
  BPE: readBpe,
  WordPiece: readWordPiece,
  WordLevel: readWordLevel,
  Unigram: readUnigram,
};

/**
 * Reads the `model` of a tokenizer.json.
 * @throws {UserError} naming the part that is wrong or not supported.
 */
export function readModel(part: Part): Model {
  const value = part.record();
  // Files of the first years have no type; the fields tell.
  const type = part.at("type").absent
    ? "merges" in value
      ? "BPE"
      : Array.isArray(value.vocab)
      ? "Unigram"
      : "max_input_chars_per_word" in value
      ? "WordPiece"
      : "WordLevel"
    : part.type();
  if (!Object.hasOwn(MODELS, type)) part.unsupported(Object.keys(MODELS));
  return MODELS[type](part);
}
