/**
 * Turns paths, folders and globs into one sorted list of files without
 * duplicates.
 * @module
 */
import {
  accessSync,
  constants,
  lstatSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { glob } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import process from "node:process";
import { UserError } from "../../errors.ts";
import { formatOf } from "./format.ts";
import type { Format, SourceFile } from "./source_file.ts";
import { cannotRead } from "./unreadable_error.ts";
import { checkGlob } from "./walk/glob_limits.ts";

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
}

/**
 * The files that `patterns` name, sorted by name (the path from the root, or an
 * absolute path outside it). A pattern is a path, a folder (all files in it, at
 * any depth) or a glob (`*`, `**`, `?`, `[…]`, `{…}`). Hidden entries and links
 * to folders are left out unless named. Of several names of one file the first
 * is kept, with the field of the last pattern that finds it under that name. A
 * `.json` file holds records if a pattern says `.json`, and is a text if a
 * folder or a wider glob finds it.
 * @throws {UserError} if a pattern finds no file, or a folder cannot be read.
 */
export async function findSources(
  patterns: readonly string[],
  {
    key = "data.files",
    root = process.cwd(),
    format = null,
    fields = "text",
  }: FindOptions = {},
): Promise<SourceFile[]> {
  if (patterns.length === 0) {
    throw new UserError(
      `Cannot read any text as '${key}' is empty: give paths, folders or globs`,
    );
  }
  const found = new Map<
    string,
    FoundFile & { field: string; named: boolean }
  >();
  for (const [i, pattern] of patterns.entries()) {
    const files = await expandPattern(pattern, root, key);
    if (files.length === 0) {
      throw new UserError(
        `Cannot read any text as '${key}' finds no file: got '${pattern}'${
          // A Hub dataset written in another way is taken for a path.
          /^hf:|^datasets\/|huggingface\.co\//i.test(pattern)
            ? "; a Hub dataset is written hf://datasets/<owner>/<name>"
            : ""}`,
      );
    }
    const field = typeof fields === "string" ? fields : fields[i];
    const named = /\.json/i.test(pattern);
    for (const file of files) {
      found.set(nameOf(file.path, root), { ...file, field, named });
    }
  }
  const seen = new Set<string>();
  const sources: SourceFile[] = [];
  // The default order is by UTF-16 code units, the same in every locale.
  for (const name of [...found.keys()].sort()) {
    const { path, bytes, field, named } = found.get(name)!;
    const real = realpathSync(path);
    if (seen.has(real)) continue;
    seen.add(real);
    const form = formatOf(name, format);
    // Among a folder's files of all kinds, package.json and the like are texts.
    if (!format && !named && /\.json$/i.test(name)) form.format = "text";
    sources.push({ name, path: real, bytes, ...form, field });
  }
  return sources;
}

interface FoundFile {
  path: string;
  bytes: number;
}

async function expandPattern(
  pattern: string,
  root: string,
  key: string,
): Promise<FoundFile[]> {
  const path = resolve(root, pattern);
  try {
    // A name that exists is taken literally, so that files such as `a[1].txt`
    // can be given.
    const stats = statIfThere(path);
    if (stats?.isFile()) return [{ path, bytes: stats.size }];
    if (stats?.isDirectory()) return await folderFiles(path);
    if (stats) {
      throw new UserError(
        `Cannot read '${pattern}' ('${key}') as it is not a file or folder: for a stream, pipe it in and name '-'`,
      );
    }
    if (!/[*?[{]/.test(pattern)) return [];
    checkGlob(pattern, key);
    return await globFiles(pattern, root);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw cannotRead(pattern, error);
  }
}

/**
 * All files below a folder. An unreadable folder in it is an error, while
 * glob() would skip it.
 */
async function folderFiles(folder: string): Promise<FoundFile[]> {
  accessSync(folder, constants.R_OK | constants.X_OK);
  return await globFiles("**", folder, (path) => {
    try {
      accessSync(path, constants.R_OK | constants.X_OK);
    } catch (error) {
      throw cannotRead(path, error);
    }
  });
}

async function globFiles(
  pattern: string,
  root: string,
  onFolder?: (path: string) => void,
): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for await (const entry of glob(pattern, { cwd: root })) {
    const path = isAbsolute(entry) ? entry : join(root, entry);
    const stats = statIfThere(path);
    if (stats?.isFile()) files.push({ path, bytes: stats.size });
    // The search does not follow links to folders.
    if (onFolder && stats?.isDirectory() && !lstatSync(path).isSymbolicLink()) {
      onFolder(path);
    }
  }
  return files;
}

/** Undefined if there is nothing, or a broken link. */
function statIfThere(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function nameOf(path: string, root: string): string {
  const fromRoot = relative(root, path);
  const name = fromRoot.startsWith("..") || isAbsolute(fromRoot)
    ? path
    : fromRoot;
  return name.replaceAll("\\", "/");
}
