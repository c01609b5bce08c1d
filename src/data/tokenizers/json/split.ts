/**
 * Splits a text at the matches of a pattern, as the reference implementation
 * does.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";

/** What happens to the matches. */
export type SplitBehavior =
  | "Removed"
  | "Isolated"
  | "MergedWithPrevious"
  | "MergedWithNext"
  | "Contiguous";

/** All behaviors. */
export const SPLIT_BEHAVIORS: readonly SplitBehavior[] = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/**
 * Receives the pieces of a text in order; `start` is the position of the piece.
 */
export type VisitPiece = (piece: string, start: number) => void;

/** Splits a text into non-empty pieces. */
export type SplitText = (text: string, visit: VisitPiece) => void;

/**
 * Calls `piece` for each match and each text between matches; an empty match
 * separates the text around it.
 */
function forEachSpan(
  text: string,
  pattern: RegExp,
  piece: (start: number, end: number, isMatch: boolean) => void,
): void {
  pattern.lastIndex = 0;
  let end = 0;
  let lastMatch = -1;
  for (let found; (found = nextMatch(pattern, text)) !== null;) {
    const start = found.index;
    const width = found[0].length;
    if (width === 0) {
      const isSurrogatePair = text.codePointAt(start)! > 0xffff;
      pattern.lastIndex = start + (isSurrogatePair ? 2 : 1);
      // An empty match directly after another match does not count.
      if (start === lastMatch) {
        if (start >= text.length) break;
        continue;
      }
    }
    if (start > end) piece(end, start, false);
    if (width > 0) piece(start, start + width, true);
    else piece(start, start, true);
    end = lastMatch = start + width;
    if (width === 0 && start >= text.length) break;
  }
  if (end < text.length) piece(end, text.length, false);
}

/**
 * The next match.
 * @throws {UserError} if a word is too long for the regular expressions of the
 * runtime: some million characters.
 */
function nextMatch(pattern: RegExp, text: string): RegExpExecArray | null {
  try {
    return pattern.exec(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      `Cannot split a text of ${text.length} characters into words as one word has millions of characters, starting at ${
        brief(text.slice(pattern.lastIndex, pattern.lastIndex + 20))
      }: leave the document out or split it`,
    );
  }
}

/**
 * Builds a function that splits at the matches of `pattern` (flag "g");
 * `invert` swaps matches and the texts between them.
 */
export function splitAtPattern(
  pattern: RegExp,
  behavior: SplitBehavior,
  invert = false,
): SplitText {
  if (behavior === "Isolated" || behavior === "Removed") {
    const all = behavior === "Isolated";
    return (text, visit) =>
      forEachSpan(text, pattern, (start, end, isMatch) => {
        if ((all || isMatch === invert) && end > start) {
          visit(text.slice(start, end), start);
        }
      });
  }
  return (text, visit) => {
    const spans: [start: number, end: number, isMatch: boolean][] = [];
    forEachSpan(
      text,
      pattern,
      (start, end, isMatch) => spans.push([start, end, isMatch !== invert]),
    );
    for (const [start, end] of mergeSpans(spans, behavior)) {
      if (end > start) visit(text.slice(start, end), start);
    }
  };
}

type Span = [start: number, end: number];

function mergeSpans(
  spans: [start: number, end: number, isMatch: boolean][],
  behavior: Exclude<SplitBehavior, "Removed" | "Isolated">,
): Span[] {
  const merged: Span[] = [];
  let before = false;
  if (behavior === "MergedWithNext") {
    for (const [start, end, isMatch] of spans.reverse()) {
      const last = merged.at(-1);
      if (isMatch && !before && last) last[0] = start;
      else merged.push([start, end]);
      before = isMatch;
    }
    return merged.reverse();
  }
  for (const [start, end, isMatch] of spans) {
    const last = merged.at(-1);
    const joins = behavior === "Contiguous"
      ? isMatch === before
      : isMatch && !before;
    if (joins && last) last[1] = end;
    else merged.push([start, end]);
    before = isMatch;
  }
  return merged;
}

/**
 * Replaces each match of `pattern` (flag "g") by `content`, taken literally.
 */
export function replaceMatches(
  text: string,
  pattern: RegExp,
  content: string,
): string {
  let out = "";
  forEachSpan(text, pattern, (start, end, isMatch) => {
    out += isMatch ? content : text.slice(start, end);
  });
  return out;
}
