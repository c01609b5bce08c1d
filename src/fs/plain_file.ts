/**
 * Files of a folder that may come from someone else: a link in it could lead a
 * write to any file of this user, and a pipe would never end.
 * @module
 */
import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { quoted } from "../terminal/quote.ts";
import { readSmallText } from "./bounded_file.ts";
import { FileError, fileError, hasCode } from "./file_error.ts";

/**
 * Checks that a path is a file or a folder itself, not a link to one.
 *
 * @returns whether there is anything
 * @throws {FileError} on links, pipes, sockets and devices, and on a folder in
 * place of a file or the reverse
 */
export function requirePlain(path: string, kind: "file" | "folder"): boolean {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw fileError("look at", path, error);
  }
  if (kind === "file" ? info.isFile : info.isDirectory) return true;
  throw new FileError(
    `Cannot use ${quoted(path)}`,
    `'${basename(path)}' must be a plain ${kind}: got ${
      nameOf(info)
    }; put a ${kind} in its place`,
  );
}

function nameOf(info: Deno.FileInfo): string {
  if (info.isSymlink) return "a symbolic link";
  if (info.isDirectory) return "a folder";
  if (info.isFile) return "a file";
  if (info.isFifo) return "a pipe";
  return info.isSocket ? "a socket" : "a device";
}

/**
 * The text of a small plain file.
 *
 * @throws {UserError} as {@linkcode requirePlain}; otherwise the system's error
 */
export function readPlainText(path: string): string {
  requirePlain(path, "file");
  return readSmallText(path);
}

/**
 * Opens a plain file, without a change to what is there.
 *
 * @throws {UserError} as {@linkcode requirePlain}; otherwise the system's error
 */
export function openPlain(
  path: string,
  options: Omit<Deno.OpenOptions, "truncate">,
): Deno.FsFile {
  requirePlain(path, "file");
  const file = Deno.openSync(path, options);
  // What was checked may have been replaced before it was opened.
  if (isAt(path, file)) return file;
  file.close();
  throw new UserError(
    `Cannot use ${quoted(path)} as it was replaced while it was opened`,
  );
}

/**
 * Whether an open file is what has the name `path` now, links not followed.
 *
 * @throws the system's error, unless nothing is there
 */
export function isAt(path: string, file: Deno.FsFile): boolean {
  try {
    const there = Deno.lstatSync(path), ours = file.statSync();
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Whether a file has other names too, which a change to it would reach. */
export const hasOtherNames = (info: Deno.FileInfo): boolean =>
  (info.nlink ?? 1) > 1;
