/**
 * GPT-2's pre-tokenization: splits text into words before BPE merges.
 *
 *    's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * It is a scanner because the backtracking stack of a regular expression
 * overflows on words of about ten million characters. White space is Unicode's
 * White_Space, as in the reference (Rust) tokenizers: JavaScript's `\s`
 * includes U+FEFF and excludes U+0085.
 * @module
 */

const OTHER = 0;
const LETTER = 1;
const NUMBER = 2;
const SPACE = 3;
const UNKNOWN = 255;

/** Class of each code point, filled on first use. */
const classes = new Uint8Array(0x110000).fill(UNKNOWN);

function classify(codePoint: number): number {
  const char = String.fromCodePoint(codePoint);
  const found = /\p{L}/u.test(char)
    ? LETTER
    : /\p{N}/u.test(char)
    ? NUMBER
    : /\p{White_Space}/u.test(char)
    ? SPACE
    : OTHER;
  return classes[codePoint] = found;
}

function classAt(text: string, at: number): number {
  const codePoint = text.codePointAt(at)!;
  const known = classes[codePoint];
  return known === UNKNOWN ? classify(codePoint) : known;
}

/** First index from `at` whose character is not of class `kind`. */
function runEnd(text: string, at: number, kind: number): number {
  while (at < text.length && classAt(text, at) === kind) {
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
  }
  return at;
}

/**
 * Length of the contraction ('s 't 'm 'd 're 've 'll) at an apostrophe; 0 if
 * there is none.
 */
function contraction(text: string, at: number): number {
  switch (text[at + 1]) {
    case "s":
    case "t":
    case "m":
    case "d":
      return 2;
    case "r":
    case "v":
      return text[at + 2] === "e" ? 3 : 0;
    case "l":
      return text[at + 2] === "l" ? 3 : 0;
    default:
      return 0;
  }
}

/**
 * End (exclusive, in UTF-16 units) of the word that begins at `start`, which
 * must be less than the length of `text`.
 */
export function wordEnd(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === 0x27) {
    const length = contraction(text, start);
    if (length > 0) return start + length;
  }
  let at = start;
  let kind = classAt(text, at);
  if (first === 0x20 && start + 1 < text.length) {
    const next = classAt(text, start + 1);
    if (next !== SPACE) {
      at++;
      kind = next;
    }
  }
  const end = runEnd(text, at, kind);
  // `\s+(?!\S)`: the last white space before a word belongs to that word,
  // unless it is the only one.
  return kind === SPACE && end < text.length && end - start > 1 ? end - 1 : end;
}

/**
 * The last position where `text` can be cut without splitting or changing a
 * word; 0 if there is none. That is before white space that follows another
 * character: a word has white space after its first character only if it is all
 * white space.
 */
export function lastWordCut(text: string): number {
  for (let at = text.length - 1; at > 0; at--) {
    if (classAt(text, at) === SPACE && classAt(text, at - 1) !== SPACE) {
      return at;
    }
  }
  return 0;
}
