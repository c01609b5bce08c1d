/**
 * Splits text into words at Python's whitespace, as fairseq's `tokenize_line`
 * does.
 * @module
 */

/**
 * Python's whitespace characters. JavaScript's `\s` lacks U+001C to U+001F and
 * U+0085, and includes U+FEFF, which is part of a word here.
 */
const SPACE =
  "\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
const oneSpace = new RegExp(`[${SPACE}]`);
const spaces = new RegExp(`[${SPACE}]+`);

/** The words of `text`, in order. */
export function splitWords(text: string): string[] {
  return text.split(spaces).filter((word) => word !== "");
}

/** Length of `text` without the whitespace at its end, in UTF-16 units. */
export function trimmedLength(text: string): number {
  let end = text.length;
  while (end > 0 && oneSpace.test(text[end - 1])) end--;
  return end;
}

/**
 * The position after the last whitespace of `text`, in UTF-16 units; 0 if there
 * is none.
 */
export function afterLastSpace(text: string): number {
  let end = text.length;
  while (end > 0 && !oneSpace.test(text[end - 1])) end--;
  return end;
}
