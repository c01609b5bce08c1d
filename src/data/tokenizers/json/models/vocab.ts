/**
 * The vocabulary of a BPE, WordPiece or WordLevel model.
 * @module
 */
import type { Part } from "../part.ts";
import { brief } from "../../../../terminal/quote.ts";

/** Ids that a vocabulary may leave unused, beside one for each token: more is a damaged file. */
const SPARE_IDS = 4096;

/**
 * Reads `{ token: id }`.
 * @throws {UserError} if an id is no whole number, comes twice, or is far beyond their number.
 */
export function readVocab(part: Part): Map<string, number> {
  const record = part.record();
  const tokens = Object.keys(record);
  const limit = tokens.length * 2 + SPARE_IDS;
  const vocab = new Map<string, number>();
  const taken = new Uint8Array(limit);
  for (const token of tokens) {
    const id = record[token];
    if (!token.isWellFormed()) {
      throw part.error(`has half a character in the token ${brief(token)}`);
    }
    if (!Number.isInteger(id) || id as number < 0 || id as number >= limit) {
      throw part.error(
        `gives the token ${brief(token)} the id ${
          brief(id)
        }, which must be a whole number of at most ${limit - 1}`,
      );
    }
    if (taken[id as number]++ > 0) {
      throw part.error(`gives the id ${id} to two tokens: ${brief(token)} too`);
    }
    vocab.set(token, id as number);
  }
  return vocab;
}

/**
 * The id of a token that `part` names.
 * @throws {UserError} unless the vocabulary has it.
 */
export function idOf(vocab: ReadonlyMap<string, number>, part: Part): number {
  const id = vocab.get(part.text());
  if (id === undefined) part.fail("a token of the vocabulary");
  return id!;
}
