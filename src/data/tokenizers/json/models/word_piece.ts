/**
 * The two models that look words up: WordPiece (BERT's) and WordLevel.
 * @module
 */
import type { Model } from "./model.ts";
import type { Part } from "../part.ts";
import { idOf, readVocab } from "./vocab.ts";

/**
 * Reads a WordPiece model: the longest token that begins the word, then the longest that goes on, and so on; a word that
 * cannot be covered so is one unknown token.
 * @throws {UserError} naming the field that is wrong.
 */
export function readWordPiece(part: Part): Model {
  const vocab = readVocab(part.at("vocab"));
  const unkId = Uint32Array.of(idOf(vocab, part.at("unk_token")));
  const prefix = part.at("continuing_subword_prefix").text("##");
  const mostChars = part.at("max_input_chars_per_word").count(100);
  let longest = 0;
  for (const token of vocab.keys()) longest = Math.max(longest, token.length);

  return {
    vocab,
    encode(word) {
      // No character has more than two units.
      if (word.length > mostChars && [...word].length > mostChars) return unkId;
      const ids: number[] = [];
      for (let start = 0, end = 0; start < word.length; start = end) {
        let id: number | undefined;
        for (
          end = Math.min(word.length, start + longest);
          end > start;
          end--
        ) {
          const piece = word.slice(start, end);
          id = vocab.get(start > 0 ? prefix + piece : piece);
          if (id !== undefined) break;
        }
        if (id === undefined) return unkId;
        ids.push(id);
      }
      return Uint32Array.from(ids);
    },
  };
}

/**
 * Reads a WordLevel model: each word is a token, or unknown.
 * @throws {UserError} naming the field that is wrong.
 */
export function readWordLevel(part: Part): Model {
  const vocab = readVocab(part.at("vocab"));
  const unkId = idOf(vocab, part.at("unk_token"));
  return {
    vocab,
    encode: (word) => Uint32Array.of(vocab.get(word) ?? unkId),
  };
}
