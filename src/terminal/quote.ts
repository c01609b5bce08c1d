/**
 * Formats untrusted strings for single-line messages: no line breaks, no
 * control characters, a limited length.
 * @module
 */

/** UTF-16 units of a path or a tensor's name that are shown. */
const PATH_LENGTH = 200;

/** UTF-16 units of a name from the hub that are shown. */
export const NAME_LENGTH = 300;

/** UTF-16 units of a JSON value from the hub that are shown. */
const VALUE_LENGTH = 100;

/** UTF-16 units of a file's content that are shown. */
export const CONTENT_LENGTH = 60;

/** Names of a list that are shown. */
const LIST_LENGTH = 12;

/**
 * A path or a name in quotes, with control characters as `\u000a`, cut at 200
 * characters.
 */
export function quoted(text: string): string {
  const plain = text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `'${cut(plain, PATH_LENGTH, "...")}'`;
}

/** A word of a command that a user may copy into a shell. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+][\w./:=@%+,-]*$/.test(text)
    ? text
    : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * Text on one line: each run of line breaks and control characters becomes a
 * space.
 *
 * @param length UTF-16 units that are shown; an ellipsis after them stands for
 * the rest
 */
export function oneLine(text: string, length: number): string {
  const plain = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return plain.length > length ? plain.slice(0, length) + "…" : plain;
}

/** The first 12 names of a list, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - LIST_LENGTH;
  return names.slice(0, LIST_LENGTH)
    .map((name) => oneLine(name, NAME_LENGTH)).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
}

/** Any value as JSON, cut after {@linkcode VALUE_LENGTH} characters. */
export function shown(value: unknown): string {
  return oneLine(json(value), VALUE_LENGTH);
}

/**
 * Any value as JSON in at most 60 characters, the mark included.
 *
 * @param mark stands for the rest of a longer value
 */
export function brief(value: unknown, mark: "…" | "..." = "…"): string {
  return cut(oneLine(json(value), Infinity), CONTENT_LENGTH, mark);
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "nothing";
  } catch {
    // Nested too deeply, or a YAML alias that refers to itself.
    return `a kind of ${typeof value}`;
  }
}

/**
 * The first `length - 3` characters and a mark where there are more than
 * `length`.
 */
function cut(text: string, length: number, mark: string): string {
  return text.length > length ? text.slice(0, length - 3) + mark : text;
}
