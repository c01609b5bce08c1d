/**
 * Turns a refusal of the file system into one line: what was tried, why it
 * failed, what to do.
 * @module
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { systemCode, UserError } from "../errors.ts";
import { formatBytes } from "../terminal/format_numbers.ts";
import { quoted } from "../terminal/quote.ts";

/** A refusal of the file system; `reason` is the part after "as". */
export class FileError extends UserError {
  override name = "FileError";
  /** The cause and the remedy, without the attempt and the path. */
  readonly reason: string;

  /** @param attempt for instance `Cannot write 'a.txt'` */
  constructor(attempt: string, reason: string, options?: ErrorOptions) {
    super(`${attempt} as ${reason}`, options);
    this.reason = reason;
  }
}

function freeSpace(path: string): string {
  for (let at = path;; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at);
      return ` (${formatBytes(bavail * bsize)} free)`;
    } catch {
      if (dirname(at) === at) return "";
    }
  }
}

const REASONS: Record<string, string> = {
  EDQUOT: "the disk quota is used up: free some space",
  EFBIG: "it would be larger than the file system or 'ulimit -f' allows",
  EACCES: "permission is denied: choose a folder that you may use",
  EPERM: "permission is denied: choose a folder that you may use",
  EROFS: "the file system is read-only: choose another folder",
  ENOENT: "it does not exist: check the path",
  ENOTDIR: "a part of the path is a file, not a folder: check the path",
  EISDIR: "it is a folder: give a file",
  EEXIST: "a file of that name is in the way: choose another name",
  ELOOP: "its symbolic links lead in a circle: check the path",
  ENAMETOOLONG: "its name is too long: choose a shorter one",
  EMFILE: "too many files are open: raise 'ulimit -n'",
  EIO: "the disk reports an input/output error: check the disk",
};

/**
 * The error to throw for a failed file operation.
 *
 * @param doing a verb, as in `write`
 * @param path the file or folder of the operation
 * @returns a {@linkcode FileError} for an error of the system, any other error
 * unchanged
 */
export function fileError(doing: string, path: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (error instanceof UserError) return error;
  const code = systemCode(error);
  if (code === null) return error;
  const reason = code === "ENOSPC"
    ? `the disk is full${freeSpace(path)}: free some space`
    : REASONS[code] ?? `the system refused it (${code})`;
  return new FileError(`Cannot ${doing} ${quoted(path)}`, reason, {
    cause: error,
  });
}

/** Whether a system error has one of these codes, as in `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = systemCode(error);
  return code !== null && codes.includes(code);
}

/**
 * Whether there is a file, a folder or a link at a path.
 *
 * @throws {UserError} where the system does not answer
 */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw fileError("look at", path, error);
  }
}
