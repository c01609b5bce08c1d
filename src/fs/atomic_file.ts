/**
 * Files that are either old or new, never half: atomic writes, syncing, stable
 * JSON, and one clear line for what the disk refuses.
 * @module
 */
import { statfsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { syncFolder } from "./durable_folder.ts";
import { UserError } from "../errors.ts";
import { formatBytes } from "../terminal/format_numbers.ts";

/** What the disk refused, told in one line; `reason` is the part after "as". */
export class FileError extends UserError {
  override name = "FileError";
  /** Why, and the way out, without what was tried and where. */
  readonly reason: string;

  /** @param attempt for instance `Cannot write 'a.txt'` */
  constructor(attempt: string, reason: string, options?: ErrorOptions) {
    super(`${attempt} as ${reason}`, options);
    this.reason = reason;
  }
}

/** A path or a name between quotes and on one line, cut at 200 characters. */
export function quoted(text: string): string {
  const one = text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `'${one.length > 200 ? one.slice(0, 197) + "..." : one}'`;
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
  EEXIST: "a file of that name is in the way: remove it or choose another",
  EMFILE: "too many files are open: raise 'ulimit -n'",
  EIO: "the disk reports an input/output error: check the disk",
};

/**
 * The error to throw for a failed file operation: a {@linkcode FileError}
 * where the system refused, the error itself where the fault is not the disk's.
 *
 * @param doing a verb, as in `write`
 * @param path what it was done to
 */
export function fileError(doing: string, path: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = (error as { code?: unknown }).code;
  if (error instanceof UserError || typeof code !== "string") return error;
  if (!/^E[A-Z0-9]+$/.test(code)) return error;
  const reason = code === "ENOSPC"
    ? `the disk is full${freeSpace(path)}: free some space`
    : REASONS[code] ?? `the system refused it (${code})`;
  return new FileError(`Cannot ${doing} ${quoted(path)}`, reason, {
    cause: error,
  });
}

/** Whether a system error bears this code, as in `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && codes.includes(code);
}

/** Whether something, of whatever kind, is at a path. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw fileError("look at", path, error);
  }
}

/** Write all bytes: one `write` may take only a part of a large buffer. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += file.writeSync(bytes.subarray(at));
  }
}

/** Bring a folder's files, its sub-folders and its own list of names to the disk. */
export function syncTree(path: string): void {
  for (const entry of Deno.readDirSync(path)) {
    const inner = join(path, entry.name);
    if (entry.isDirectory) syncTree(inner);
    if (!entry.isFile) continue;
    using file = Deno.openSync(inner, { read: true });
    file.syncSync();
  }
  syncFolder(path);
}

/**
 * Replace a file by new content: a reader, or a power cut, sees the old or the
 * new whole.
 *
 * @throws {UserError} where the disk refuses; the old file stays
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const folder = dirname(path);
  const beside = join(folder, `.${basename(path)}.tmp-${Deno.pid}`);
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  try {
    {
      using file = Deno.openSync(beside, {
        write: true,
        create: true,
        truncate: true,
      });
      writeAll(file, bytes);
      file.syncSync();
    }
    Deno.renameSync(beside, path);
    syncFolder(folder);
  } catch (error) {
    // Told before removing: afterwards a full disk has room again.
    const fault = fileError("write", path, error);
    try {
      Deno.removeSync(beside);
    } catch {
      // Never created, or the disk is gone: the first error tells more.
    }
    throw fault;
  }
}

/**
 * JSON whose bytes depend on the value alone: keys sorted, two spaces, a last
 * newline.
 *
 * @throws {TypeError} on what JSON would drop or change silently (NaN,
 * undefined, typed arrays, class instances), with its place
 */
export function stableJson(value: unknown): string {
  return JSON.stringify(sorted(value, "$"), null, 2) + "\n";
}

function sorted(value: unknown, place: string): unknown {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => sorted(item, `${place}[${i}]`));
  }
  if (typeof value === "object") {
    const kind = Object.getPrototypeOf(value);
    if (kind === Object.prototype || kind === null) {
      const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, sorted(item, `${place}.${key}`)]),
      );
    }
  }
  const got = typeof value === "object"
    ? value.constructor?.name
    : String(value);
  throw new TypeError(`Cannot write '${place}' as JSON: got ${got}`);
}
