/**
 * The models that look up words in the vocabulary: WordPiece (BERT's) and
 * WordLevel.
 * @module
 */
import type { JsonNode } from "../json_node.ts";
import type { TokenModel } from "./model.ts";
import { readVocab, tokenId } from "./vocab.ts";

/**
 * Reads a WordPiece model. It takes the longest token at the start of the word,
 * then the longest that continues it, and so on; a word that cannot be covered
 * becomes one unknown token.
 * @throws {UserError} naming the invalid field.
 */
export function readWordPiece(node: JsonNode): TokenModel {
  const vocab = readVocab(node.at("vocab"));
  const unkId = Uint32Array.of(tokenId(vocab, node.at("unk_token")));
  const prefix = node.at("continuing_subword_prefix").asText("##");
  const mostChars = node.at("max_input_chars_per_word").asCount(100);
  let longest = 0;
  for (const token of vocab.keys()) longest = Math.max(longest, token.length);

  return {
    vocab,
    encode(word) {
      // A character has at most two UTF-16 units.
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
 * Reads a WordLevel model: each word is a token or unknown.
 * @throws {UserError} naming the invalid field.
 */
export function readWordLevel(node: JsonNode): TokenModel {
  const vocab = readVocab(node.at("vocab"));
  const unkId = tokenId(vocab, node.at("unk_token"));
  return {
    vocab,
    encode: (word) => Uint32Array.of(vocab.get(word) ?? unkId),
  };
}
