/**
 * Globs over a set's files, as Hugging Face's `datasets` takes them.
 * @module
 */

/** Whether a path is a glob. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The folder that all matches of a glob lie in; "" for the root. */
export function globFolder(glob: string): string {
  const parts = glob.split("/").slice(0, -1);
  const magic = parts.findIndex(isGlob);
  return (magic < 0 ? parts : parts.slice(0, magic)).join("/");
}

/**
 * A test of paths: `*` and `?` stop at slashes, `**` does not, `[ ]` is a set of
 * characters, negated by `!`. Hidden files and folders, and folders that begin
 * with `__`, match only where the glob names as many.
 */
export function globMatcher(glob: string): (path: string) => boolean {
  const names = glob.replace(/^(\.\/)+/, "").split("/").flatMap((name) =>
    // Read as if it were whole, which is what those who write **.json want.
    name.startsWith("**") && name !== "**" ? ["**", "*" + name] : [name]
  );
  // At the end it stands for something, elsewhere for nothing too.
  if (names.at(-1) === "**") names.push("*");
  const parts = names.map((name) => name === "**" ? ANY : tokens(name));
  const hidden = countHidden(glob), special = countSpecial(glob);
  return (path) =>
    countHidden(path) === hidden && countSpecial(path) === special &&
    fits(
      parts,
      path.split("/"),
      (part, name) => fits(part, [...name], (token, char) => token(char)),
    );
}

/** Stands for any number of items. */
const ANY = "any";

/**
 * Whether items fit a pattern: one each, or any number for `ANY`. Goes back to
 * the last `ANY` alone, which is enough, so hostile patterns take no more than
 * their length times the items'.
 */
function fits<T, I>(
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

/** A name's pattern: a test of each character, or `ANY`. */
function tokens(name: string): (((char: string) => boolean) | typeof ANY)[] {
  const found = name.matchAll(/\*+|\?|\[([!]?)(\]?[^\]]*)\]|./gsu);
  return Array.from(found, ([token, not, set]) => {
    if (token[0] === "*") return ANY;
    if (token === "?") return () => true;
    if (!set) return (char) => char === token;
    const inside = ranges(set);
    return (char) => inside(char) !== (not === "!");
  });
}

/** The set in `[a-z_]`. */
function ranges(set: string): (char: string) => boolean {
  const pairs = Array.from(
    set.matchAll(/(.)-(.)|(.)/gsu),
    ([, from, to, one]) => [from ?? one, to ?? one],
  );
  return (char) => pairs.some(([from, to]) => from <= char && char <= to);
}

/** Names that begin with a dot. */
function countHidden(path: string): number {
  return path.split("/").filter((part) => /^\.+[^.]/.test(part)).length;
}

/** Folders that begin with two underscores. */
function countSpecial(path: string): number {
  return path.split("/").slice(0, -1).filter((part) => part.startsWith("__"))
    .length;
}
