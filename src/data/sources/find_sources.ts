/**
 * Turns paths, folders and globs into one sorted list of files without
 * duplicates.
 * @module
 */
import { lstatSync, realpathSync, statSync } from "node:fs";
import { isAbsolute, join, parse, relative, resolve } from "node:path";
import process from "node:process";
import { UserError } from "../../errors.ts";
import { hasCode } from "../../fs/file_error.ts";
import { shortPath } from "../../fs/user_path.ts";
import { counted } from "../../terminal/format_numbers.ts";
import { oneLine } from "../../terminal/quote.ts";
import { formatOf } from "./format.ts";
import type { Format, SourceFile } from "./source_file.ts";
import { accessReason } from "./unreadable_error.ts";
import { checkGlob } from "./walk/glob_limits.ts";
import {
  addEntry,
  leaveOut,
  newWalk,
  type Walk,
  walkFolder,
  walkGlob,
} from "./walk/walk.ts";

/** Where to look for files, and how they are to be read. */
export interface FindOptions {
  /** The config key named in errors. @default "data.files" */
  key?: string;
  /**
   * Folder that relative patterns and names start from.
   * @default the current folder
   */
  root?: string;
  /** Format of all files. @default by each file's name */
  format?: Format | null;
  /**
   * Field or column of the text: one for all, or one for each pattern.
   * @default "text"
   */
  fields?: string | readonly string[];
  /**
   * Whether to return what cannot be opened, instead of stopping there.
   * @default false
   */
  skipBad?: boolean;
  /**
   * Whether files are sorted by name, an order that depends on the root.
   * @default false
   */
  byName?: boolean | undefined;
}

/** Something that was found and cannot be opened. */
export interface Unopened {
  /** Its name, as that of a file. */
  name: string;
  /** Why, as a clause that follows `Cannot read '<name>': `. */
  reason: string;
}

/** What patterns find. */
export interface FoundSources {
  files: SourceFile[];
  /** Empty without `skipBad`. */
  unopened: Unopened[];
  /** Number of links to folders, or to nothing, that were not followed. */
  folderLinks: number;
}

/**
 * The files that `patterns` name, sorted by path: the same order from every
 * folder. A name is the path from the root, or an absolute path outside it. A
 * pattern is a path, a folder (all files in it, at any depth) or a glob (`*`,
 * `**`, `?`, `[…]`, `{…}`). Hidden entries and links to folders are left out
 * unless named. Of several names of one file the first is kept, with the field
 * of the last pattern that finds it under that name. A `.json` file holds
 * records if a pattern says `.json`, and is a text if a folder or a wider glob
 * finds it.
 * @throws {UserError} if a pattern finds no file, or, without `skipBad`,
 *   something that cannot be opened.
 */
export async function findSources(
  patterns: readonly string[],
  {
    key = "data.files",
    root = process.cwd(),
    format = null,
    fields = "text",
    skipBad = false,
    byName = false,
  }: FindOptions = {},
): Promise<FoundSources> {
  if (patterns.length === 0) {
    throw new UserError(
      `Cannot read any text as '${key}' is empty: give paths, folders or globs`,
    );
  }
  const found = new Map<string, FoundFile>();
  const unopened: Walk["unopened"] = new Map();
  let folderLinks = 0;
  for (const [i, pattern] of patterns.entries()) {
    const walk = await expandPattern(pattern, root, key);
    const bad = withNames(walk.unopened, root);
    if (bad.length > 0 && !skipBad) {
      throw unopenedError(bad, shortPath(pattern));
    }
    if (walk.files.size === 0) {
      throw nothingFound(walk, bad, shortPath(pattern), key);
    }
    for (const [key, value] of walk.unopened) unopened.set(key, value);
    folderLinks += walk.folderLinks;
    const field = typeof fields === "string" ? fields : fields[i];
    // Of the entry itself: the folders that it lies in say nothing.
    const { rest } = literalPart(resolve(root), pattern);
    const json = /\.json/i.test(rest);
    for (const [path, bytes] of walk.files) {
      const name = nameOf(path, root), id = byName ? name : path;
      const named = path === resolve(root, pattern) || found.get(id)?.named;
      found.set(id, { name, path, bytes, field, json, named: named ?? false });
    }
  }
  // The default order is by UTF-16 code units, the same in every locale.
  const sorted = [...found.keys()].sort().map((id) => found.get(id)!);
  const files = sourcesOf(sorted, format, (path, name, reason) => {
    if (!skipBad) throw unopenedError([{ name, reason }], name);
    unopened.set(path, { path, reason });
  });
  return { files, unopened: withNames(unopened, root), folderLinks };
}

/** A file, and what the patterns that find it say of it. */
interface FoundFile {
  name: string;
  path: string;
  bytes: number;
  field: string;
  /** Whether a pattern says `.json`. */
  json: boolean;
  /** Whether a pattern is this very path. */
  named: boolean;
}

/**
 * Makes a source of each file, and one of files with several names.
 *
 * @param onFault receives what cannot be opened
 */
function sourcesOf(
  found: readonly FoundFile[],
  format: Format | null,
  onFault: (path: string, name: string, reason: string) => void,
): SourceFile[] {
  const seen = new Map<string, SourceFile>();
  for (const { name, path, bytes, field, json, named } of found) {
    let real: string;
    try {
      real = realpathSync(path);
    } catch (error) {
      onFault(path, name, accessReason(error));
      continue;
    }
    const first = seen.get(real);
    if (first) {
      if (named) first.named = true;
      continue;
    }
    const form = formatOf(name, format);
    // Among a folder's files of all kinds, package.json and the like are texts.
    if (!format && !json && /\.json$/i.test(name)) form.format = "text";
    const source: SourceFile = { name, path: real, bytes, ...form, field };
    if (named) source.named = true;
    seen.set(real, source);
  }
  return [...seen.values()];
}

async function expandPattern(
  pattern: string,
  root: string,
  key: string,
): Promise<Walk> {
  const path = resolve(root, pattern);
  const walk = newWalk();
  // A name that exists is taken literally, so that files such as `a[1].txt` can
  // be given.
  if (isThere(path)) {
    const stats = addEntry(path, walk);
    if (stats?.isDirectory()) await walkFolder(path, walk);
    else if (stats && !stats.isFile()) leaveOut(walk, path, NO_FILE);
  } else if (/[*?[{]/.test(pattern)) {
    const { folder, rest } = literalPart(resolve(root), pattern);
    checkGlob(rest, key);
    await walkGlob(rest, folder, walk);
  }
  return walk;
}

/**
 * Splits a glob behind the folders that exist under the very names it begins
 * with: the brackets of a folder `a[1]` are no pattern.
 */
function literalPart(
  root: string,
  pattern: string,
): { folder: string; rest: string } {
  const parts = pattern.split("/");
  let folder = isAbsolute(pattern) ? parse(pattern).root : root;
  if (isAbsolute(pattern)) parts.shift();
  while (parts.length > 1 && parts[0] !== "..") {
    const inside = join(folder, parts[0]);
    if (!isFolder(inside)) break;
    folder = inside;
    parts.shift();
  }
  return { folder, rest: parts.join("/") };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

const NO_FILE =
  "it is not a file or folder: for a stream, pipe it in and name '-'";

/** Names in place of paths, in their order. */
function withNames(unopened: Walk["unopened"], root: string): Unopened[] {
  return [...unopened.values()]
    .map(({ path, reason }) => ({ name: nameOf(path, root), reason }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Whether there is anything, be it a link to nothing. */
function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // What is there cannot be known: reading it gives the reason.
    return !hasCode(error, "ENOTDIR");
  }
}

function unopenedError(unopened: Unopened[], pattern: string): UserError {
  const [{ name, reason }] = unopened;
  const others = unopened.length - 1;
  const more = others > 0
    ? ` (and ${counted(others, "other")} in '${pattern}')`
    : "";
  return new UserError(
    `Cannot read '${oneLine(name, Infinity)}': ${reason}${more}; ${LEAVE_OUT}`,
  );
}

/** What can be done about files that cannot be used, as a clause. */
export const LEAVE_OUT =
  "--skip-bad (data.skip_bad=true) leaves it out and counts it";

function nothingFound(
  { hidden, folderLinks }: Walk,
  unopened: Unopened[],
  pattern: string,
  key: string,
): UserError {
  const first = unopened.map(({ name, reason }) => `'${name}': ${reason}`)[0];
  const leftOut = [
    first && `${unopened.length} that cannot be opened (${first})`,
    hidden > 0 && counted(hidden, "hidden entry", "hidden entries"),
    folderLinks > 0 &&
    counted(
      folderLinks,
      "link to a folder or to nothing",
      "links to folders or to nothing",
    ),
  ].filter((part) => part);
  return new UserError(
    `Cannot read any text as '${key}' finds no file: got '${pattern}'${
      leftOut.length > 0 ? `, which leaves out ${leftOut.join(", ")}` : ""
    }${
      // A Hub dataset written in another way is taken for a path.
      /^hf:|^datasets\/|huggingface\.co\//i.test(pattern)
        ? "; a Hub dataset is written hf://datasets/<owner>/<name>"
        : ""}`,
    { isMissing: true },
  );
}

function nameOf(path: string, root: string): string {
  const fromRoot = relative(root, path);
  const name = fromRoot.startsWith("..") || isAbsolute(fromRoot)
    ? path
    : fromRoot;
  return name.replaceAll("\\", "/");
}
