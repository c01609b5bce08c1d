/**
 * Added tokens: texts that are one token wherever they occur, matched before
 * normalization and pre-tokenization.
 * @module
 */
import { brief } from "../../../terminal/quote.ts";
import type { JsonNode } from "./json_node.ts";
import {
  type Normalizer,
  skipSpace,
  trailingSpaceStart,
} from "./normalizer.ts";
import { UNICODE_WORD } from "./unicode.ts";

/** An added token and its matching rules. */
export interface AddedToken {
  id: number;
  /** Content as the file has it. */
  rawContent: string;
  /** Content as it is matched and decoded; normalized if `normalized`. */
  content: string;
  /** Matches only if no letter, mark, digit or connector is adjacent. */
  singleWord: boolean;
  /** Includes the white space to its left in the match. */
  leftStrip: boolean;
  /** Includes the white space to its right in the match. */
  rightStrip: boolean;
  /** Matched in the normalized text. */
  normalized: boolean;
  special: boolean;
}

/**
 * Receives a text between added tokens (`id` is null) or an added token;
 * `start` is its position.
 */
export type VisitSpan = (
  text: string,
  id: number | null,
  start: number,
) => void;

/**
 * Reads the `added_tokens` of a tokenizer.json.
 * @param vocab ids of the tokens of the model
 * @param normalizer applied to the content of normalized tokens
 * @throws {UserError} if an id differs from the one the reference
 * implementation assigns: that of the model's vocabulary, or the next free id.
 */
export function readAddedTokens(
  node: JsonNode,
  vocab: ReadonlyMap<string, number>,
  normalizer: Normalizer | null,
): AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  const models = new Set(vocab.values());
  let next = vocab.size;
  for (const item of node.asList(true)) {
    item.asObject();
    const rawContent = item.at("content").asText();
    if (rawContent === "") continue;
    const id = item.at("id").asCount();
    const expectedId = tokens.get(rawContent)?.id ?? vocab.get(rawContent) ??
      next;
    if (id !== expectedId || !vocab.has(rawContent) && models.has(id)) {
      throw item.error(
        `gives ${
          brief(rawContent)
        } the id ${id}, but the vocabulary and the order of the tokens require ${expectedId}`,
      );
    }
    next = Math.max(next, id + 1);
    const special = item.at("special").asBoolean(false);
    const normalized = item.at("normalized").asBoolean(!special);
    tokens.set(rawContent, {
      id,
      rawContent,
      content: normalized && normalizer
        ? normalizer.apply(rawContent)
        : rawContent,
      singleWord: item.at("single_word").asBoolean(false),
      leftStrip: item.at("lstrip").asBoolean(false),
      rightStrip: item.at("rstrip").asBoolean(false),
      normalized,
      special,
    });
  }
  return [...tokens.values()];
}

const ENDS_IN_WORD = new RegExp(`[${UNICODE_WORD}]$`, "v");
const BEGINS_WITH_WORD = new RegExp(`^[${UNICODE_WORD}]`, "v");

/**
 * Builds a matcher of added tokens in a text: the leftmost match, and the
 * longest of those.
 * @returns null if there are no tokens
 */
export function addedTokenMatcher(
  tokens: readonly AddedToken[],
): ((text: string, visit: VisitSpan) => void) | null {
  const byText = new Map<string, AddedToken>();
  for (const special of [true, false]) {
    for (const token of tokens) {
      if (token.special !== special) continue;
      const { content } = token;
      if (content !== "" && !byText.has(content)) byText.set(content, token);
    }
  }
  if (byText.size === 0) return null;
  // Longest first, because a regular expression takes the first alternative
  // that matches. UTF-16 units suffice because texts are well-formed.
  const contents = [...byText.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    contents.map((text) => text.replace(/[^\p{L}\p{N}]/gu, escapeUnits))
      .join("|"),
    "g",
  );
  return (text, visit) => {
    let done = 0;
    pattern.lastIndex = 0;
    for (let found; (found = pattern.exec(text)) !== null;) {
      const token = byText.get(found[0])!;
      let start = found.index;
      let end = start + found[0].length;
      if (
        token.singleWord &&
        (ENDS_IN_WORD.test(text.slice(Math.max(0, start - 2), start)) ||
          BEGINS_WITH_WORD.test(text.slice(end, end + 2)))
      ) continue;
      if (token.leftStrip) {
        start = Math.max(trailingSpaceStart(text, start), done);
      }
      if (token.rightStrip) end = skipSpace(text, end);
      if (start > done) visit(text.slice(done, start), null, done);
      visit(found[0], token.id, start);
      done = end;
    }
    if (done < text.length) visit(text.slice(done), null, done);
  };
}

function escapeUnits(char: string): string {
  let escaped = "";
  for (let i = 0; i < char.length; i++) {
    escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
