/**
 * Added tokens: texts that are a token wherever they stand, found before anything else is done.
 * @module
 */
import { lastSpaceStart, type Normalizer, spaceEnd } from "./normalizer.ts";
import type { Part } from "./part.ts";
import { brief } from "../../../terminal/quote.ts";
import { UNICODE_WORD } from "./unicode.ts";

/** A token with its own rule. */
export interface AddedToken {
  id: number;
  /** As it is written in the file. */
  written: string;
  /** As it is looked for and decoded: normalized, where `normalized`. */
  content: string;
  /** Only where no letter, mark, digit or connector touches it. */
  singleWord: boolean;
  /** Takes white space on its left along. */
  leftStrip: boolean;
  /** Takes white space on its right along. */
  rightStrip: boolean;
  /** Looked for in the normalized text. */
  normalized: boolean;
  special: boolean;
}

/** Reports a text between tokens (`id` null) or a token; `start` is where it begins. */
export type EmitPiece = (
  text: string,
  id: number | null,
  start: number,
) => void;

/**
 * Reads the `added_tokens` of a tokenizer.json.
 * @param vocab ids of the model's tokens
 * @param normalizer what is done to the contents of normalized ones
 * @throws {UserError} if an id is not the one that the reference implementation gives: the model's, or the next free.
 */
export function readAddedTokens(
  part: Part,
  vocab: ReadonlyMap<string, number>,
  normalizer: Normalizer | null,
): AddedToken[] {
  const tokens = new Map<string, AddedToken>();
  const models = new Set(vocab.values());
  let next = vocab.size;
  for (const item of part.list(true)) {
    item.record();
    const written = item.at("content").text();
    if (written === "") continue;
    const id = item.at("id").count();
    const due = tokens.get(written)?.id ?? vocab.get(written) ?? next;
    if (id !== due || !vocab.has(written) && models.has(id)) {
      throw item.error(
        `gives ${
          brief(written)
        } the id ${id}, where the vocabulary and the order make it ${due}`,
      );
    }
    next = Math.max(next, id + 1);
    const special = item.at("special").flag(false);
    const normalized = item.at("normalized").flag(!special);
    tokens.set(written, {
      id,
      written,
      content: normalized && normalizer ? normalizer.apply(written) : written,
      singleWord: item.at("single_word").flag(false),
      leftStrip: item.at("lstrip").flag(false),
      rightStrip: item.at("rstrip").flag(false),
      normalized,
      special,
    });
  }
  return [...tokens.values()];
}

const ENDS_IN_WORD = new RegExp(`[${UNICODE_WORD}]$`, "v");
const BEGINS_WITH_WORD = new RegExp(`^[${UNICODE_WORD}]`, "v");

/**
 * Finds tokens in a text: the leftmost, of these the longest.
 * @returns null if there are none.
 */
export function tokenFinder(
  tokens: readonly AddedToken[],
): ((text: string, emit: EmitPiece) => void) | null {
  const byText = new Map<string, AddedToken>();
  for (const special of [true, false]) {
    for (const token of tokens) {
      if (token.special !== special) continue;
      const { content } = token;
      if (content !== "" && !byText.has(content)) byText.set(content, token);
    }
  }
  if (byText.size === 0) return null;
  // Longest first, as a regular expression takes the first alternative that fits. Units suffice: texts are well-formed.
  const contents = [...byText.keys()].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    contents.map((text) => text.replace(/[^\p{L}\p{N}]/gu, escapeUnits))
      .join("|"),
    "g",
  );
  return (text, emit) => {
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
      if (token.leftStrip) start = Math.max(lastSpaceStart(text, start), done);
      if (token.rightStrip) end = spaceEnd(text, end);
      if (start > done) emit(text.slice(done, start), null, done);
      emit(found[0], token.id, start);
      done = end;
    }
    if (done < text.length) emit(text.slice(done), null, done);
  };
}

function escapeUnits(char: string): string {
  let escaped = "";
  for (let i = 0; i < char.length; i++) {
    escaped += `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
