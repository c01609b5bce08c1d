/**
 * The vocabulary of a BPE, WordPiece or WordLevel model.
 * @module
 */
import { brief } from "../../../../terminal/quote.ts";
import type { JsonNode } from "../json_node.ts";

/**
 * Number of ids that a vocabulary may leave unused, in addition to one per
 * token; more indicates a damaged file.
 */
const MAX_UNUSED_IDS = 4096;

/**
 * Reads `{ token: id }`.
 * @throws {UserError} if an id is not a whole number, occurs twice, or is far
 * larger than the number of tokens.
 */
export function readVocab(node: JsonNode): Map<string, number> {
  const record = node.asObject();
  const tokens = Object.keys(record);
  const limit = tokens.length * 2 + MAX_UNUSED_IDS;
  const vocab = new Map<string, number>();
  const taken = new Uint8Array(limit);
  for (const token of tokens) {
    const id = record[token];
    if (!token.isWellFormed()) {
      throw node.error(
        `has an unpaired surrogate in the token ${brief(token)}`,
      );
    }
    if (!Number.isInteger(id) || id as number < 0 || id as number >= limit) {
      throw node.error(
        `gives the token ${brief(token)} the id ${
          brief(id)
        }, which must be a whole number of at most ${limit - 1}`,
      );
    }
    if (taken[id as number]++ > 0) {
      throw node.error(
        `gives the id ${id} to two tokens, the second is ${brief(token)}`,
      );
    }
    vocab.set(token, id as number);
  }
  return vocab;
}

/**
 * Id of the token that `node` names.
 * @throws {UserError} unless the vocabulary contains it.
 */
export function tokenId(
  vocab: ReadonlyMap<string, number>,
  node: JsonNode,
): number {
  const id = vocab.get(node.asText());
  if (id === undefined) node.fail("a token of the vocabulary");
  return id!;
}
