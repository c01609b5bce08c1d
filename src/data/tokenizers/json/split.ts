/**
 * Cutting a text at the matches of a pattern, as the reference implementation does.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";

/** What becomes of the matches. */
export type Behavior =
  | "Removed"
  | "Isolated"
  | "MergedWithPrevious"
  | "MergedWithNext"
  | "Contiguous";

/** The behaviors by name. */
export const BEHAVIORS: readonly Behavior[] = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
];

/** Takes the pieces of a text, in order; `start` is where the piece begins in it. */
export type Emit = (piece: string, start: number) => void;

/** Cuts a text into pieces that are not empty. */
export type Splitter = (text: string, emit: Emit) => void;

/** Calls `visit` for all matches and all that stands between them; empty matches part what is around them. */
function visit(
  text: string,
  pattern: RegExp,
  piece: (start: number, end: number, isMatch: boolean) => void,
): void {
  pattern.lastIndex = 0;
  let end = 0;
  let lastMatch = -1;
  for (let found; (found = next(pattern, text)) !== null;) {
    const start = found.index;
    const width = found[0].length;
    if (width === 0) {
      const wide = text.codePointAt(start)! > 0xffff;
      pattern.lastIndex = start + (wide ? 2 : 1);
      // An empty match right behind another is none.
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

/** The next match. @throws {UserError} if a word is too long for the runtime's regular expressions: some millions. */
function next(pattern: RegExp, text: string): RegExpExecArray | null {
  try {
    return pattern.exec(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(
      `Cannot cut a text of ${text.length} characters into words as one of them has millions of characters from ${
        brief(text.slice(pattern.lastIndex, pattern.lastIndex + 20))
      } on: leave the document out or cut it`,
    );
  }
}

/** A splitter at the matches of `pattern` (flag "g"); `invert` takes what is between the matches for them. */
export function splitter(
  pattern: RegExp,
  behavior: Behavior,
  invert = false,
): Splitter {
  if (behavior === "Isolated" || behavior === "Removed") {
    const all = behavior === "Isolated";
    return (text, emit) =>
      visit(text, pattern, (start, end, isMatch) => {
        if ((all || isMatch === invert) && end > start) {
          emit(text.slice(start, end), start);
        }
      });
  }
  return (text, emit) => {
    const spans: [start: number, end: number, isMatch: boolean][] = [];
    visit(
      text,
      pattern,
      (start, end, isMatch) => spans.push([start, end, isMatch !== invert]),
    );
    for (const [start, end] of merge(spans, behavior)) {
      if (end > start) emit(text.slice(start, end), start);
    }
  };
}

type Span = [start: number, end: number];

function merge(
  spans: [start: number, end: number, isMatch: boolean][],
  behavior: Exclude<Behavior, "Removed" | "Isolated">,
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

/** `text` with each match of `pattern` (flag "g") replaced by `content` as it is. */
export function replaceAll(
  text: string,
  pattern: RegExp,
  content: string,
): string {
  let out = "";
  visit(text, pattern, (start, end, isMatch) => {
    out += isMatch ? content : text.slice(start, end);
  });
  return out;
}
