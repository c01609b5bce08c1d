/**
 * Globs over the files of a dataset, with the semantics of Hugging Face's
 * `datasets`.
 * @module
 */

/** Whether a path is a glob. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The deepest folder that contains all matches of a glob; "" for the root. */
export function globFolder(glob: string): string {
  const parts = glob.split("/").slice(0, -1);
  const magic = parts.findIndex(isGlob);
  return (magic < 0 ? parts : parts.slice(0, magic)).join("/");
}

/**
 * Compiles a glob to a test of paths. `*` and `?` do not match slashes, `**`
 * does, `[ ]` is a set of characters, negated by `!`. Hidden names, and folders
 * that begin with `__`, match only if the glob has equally many.
 */
export function globMatcher(glob: string): (path: string) => boolean {
  const names = glob.replace(/^(\.\/)+/, "").split("/").flatMap((name) =>
    // `**.json` is read as `**/*.json`, as its authors intend.
    name.startsWith("**") && name !== "**" ? ["**", "*" + name] : [name]
  );
  // At the end `**` matches at least one name, elsewhere also none.
  if (names.at(-1) === "**") names.push("*");
  const parts = names.map((name) => name === "**" ? ANY : parseName(name));
  const hidden = countHidden(glob), special = countSpecial(glob);
  return (path) =>
    countHidden(path) === hidden && countSpecial(path) === special &&
    matchItems(
      parts,
      path.split("/"),
      (part, name) => matchItems(part, [...name], (token, char) => token(char)),
    );
}

/** Matches any number of items. */
const ANY = "any";

/**
 * Whether items match a pattern: one item per element, any number for `ANY`.
 * Backtracking to the last `ANY` is sufficient and bounds the time of hostile
 * patterns by the product of both lengths.
 */
function matchItems<T, I>(
  pattern: readonly (T | typeof ANY)[],
  items: readonly I[],
  fit: (part: T, item: I) => boolean,
): boolean {
  let p = 0, lastAny = -1, resume = 0;
  for (let i = 0; i < items.length;) {
    const part = pattern[p];
    if (part === ANY) {
      lastAny = p++;
      resume = i;
    } else if (p < pattern.length && fit(part as T, items[i])) {
      p++;
      i++;
    } else if (lastAny >= 0) {
      p = lastAny + 1;
      i = ++resume;
    } else return false;
  }
  return pattern.slice(p).every((part) => part === ANY);
}

/** Parses the pattern of one name into tests of a character and `ANY`. */
function parseName(name: string): (((char: string) => boolean) | typeof ANY)[] {
  const found = name.matchAll(/\*+|\?|\[([!]?)(\]?[^\]]*)\]|./gsu);
  return Array.from(found, ([token, not, set]) => {
    if (token[0] === "*") return ANY;
    if (token === "?") return () => true;
    if (!set) return (char) => char === token;
    const inside = characterSet(set);
    return (char) => inside(char) !== (not === "!");
  });
}

/** Compiles a set such as `a-z_`. */
function characterSet(set: string): (char: string) => boolean {
  const pairs = Array.from(
    set.matchAll(/(.)-(.)|(.)/gsu),
    ([, from, to, one]) => [from ?? one, to ?? one],
  );
  return (char) => pairs.some(([from, to]) => from <= char && char <= to);
}

/** Number of names that begin with a dot. */
function countHidden(path: string): number {
  return path.split("/").filter((part) => /^\.+[^.]/.test(part)).length;
}

/** Number of folders that begin with two underscores. */
function countSpecial(path: string): number {
  return path.split("/").slice(0, -1).filter((part) => part.startsWith("__"))
    .length;
}
