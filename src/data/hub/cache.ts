/**
 * The cache of Hub files on this machine, in `<cacheDir>/hub/`:
 *
 * - `blobs/<digest>/<name>`: a complete, verified file under its own name, in a
 *   folder named by the digest of its content; revisions share unchanged files
 * - `parts/<digest>`: an incomplete download
 * - `locks/<digest>`: held by the process that downloads the file
 * - `<kind>s/<owner>--<name>/refs/<revision>`: the last known commit of a
 *   revision
 * - `<kind>s/<owner>--<name>/trees/<commit>/…json`: file lists
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../fs/atomic_file.ts";
import { FileError, fileError, hasCode } from "../../fs/file_error.ts";
import type { Digest } from "./tree.ts";
import { type HubKind, isCommit } from "./url.ts";

/** Paths in the cache, and access to its small files. */
export class HubCache {
  /** Root folder of the cache. */
  readonly dir: string;

  constructor(cacheDir: string) {
    this.dir = join(cacheDir, "hub");
  }

  /**
   * Path of the complete file with this digest and this path in its repository.
   */
  blobPath({ hex }: Digest, path: string): string {
    return join(this.dir, "blobs", hex, basename(path));
  }
  /** Path of its incomplete download. */
  partPath({ hex }: Digest): string {
    return join(this.dir, "parts", hex);
  }
  /** Path of its lock file. */
  lockPath({ hex }: Digest): string {
    return join(this.dir, "locks", hex);
  }

  /** The last known commit of a revision; null if there is none. */
  readCommit(kind: HubKind, repo: string, revision: string): string | null {
    const text = this.#read(this.#ref(kind, repo, revision))?.trim() ?? "";
    return isCommit(text) ? text : null;
  }
  /** Saves the commit that {@linkcode readCommit} returns. */
  saveCommit(
    kind: HubKind,
    repo: string,
    revision: string,
    commit: string,
  ): void {
    this.#write(this.#ref(kind, repo, revision), commit + "\n");
  }

  /** The cached response to a listing request; null if there is none. */
  readTree(kind: HubKind, repo: string, commit: string, listing: string) {
    return this.#read(this.#tree(kind, repo, commit, listing));
  }
  /** Saves the response that {@linkcode readTree} returns. */
  saveTree(
    kind: HubKind,
    repo: string,
    commit: string,
    listing: string,
    text: string,
  ): void {
    this.#write(this.#tree(kind, repo, commit, listing), text);
  }

  #repo(kind: HubKind, repo: string): string {
    return join(this.dir, kind + "s", repo.replace("/", "--"));
  }
  #ref(kind: HubKind, repo: string, revision: string): string {
    const name = encodeURIComponent(revision);
    return join(this.#repo(kind, repo), "refs", name);
  }
  #tree(kind: HubKind, repo: string, commit: string, listing: string) {
    // A folder path may be longer than a file name can be.
    const name = createHash("sha256").update(listing).digest("hex");
    const file = name.slice(0, 16) + ".json";
    return join(this.#repo(kind, repo), "trees", commit, file);
  }

  #read(path: string): string | null {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return null;
    }
  }
  #write(path: string, text: string): void {
    withDiskErrors(
      this.dir,
      () => mkdirSync(dirname(path), { recursive: true }),
    );
    writeFileAtomic(path, text, (error) => toDiskError(error, this.dir));
  }
}

/** Size of a file in bytes; null if it does not exist. */
export function fileSize(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : null;
}

/**
 * Runs `work`, which accesses the disk.
 *
 * @throws {UserError} instead of a system error
 */
export function withDiskErrors<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toDiskError(error, dir);
  }
}

/**
 * Converts a system error to a `UserError`; returns any other error unchanged.
 */
export function toDiskError(error: unknown, dir: string): unknown {
  const fault = fileError("write", dir, error);
  if (!(fault instanceof FileError)) return fault;
  const reason = hasCode(error, "ENOSPC")
    ? "the disk is full: free some space, or set 'data.cache' to a folder on another disk"
    : fault.reason;
  return new UserError(`Cannot write under '${dir}' as ${reason}`, {
    cause: error,
  });
}
