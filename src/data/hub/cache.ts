/**
 * What is kept of the hub on this machine, below `<cacheDir>/hub/`:
 *
 * - `blobs/<digest>/<name>`: a file, whole and checked, under its own name in a
 *   folder of its content's digest; a revision that moved on shares what stayed
 * - `parts/<digest>`: the beginning of a file that is still to be fetched whole
 * - `locks/<digest>`: held by the process that fetches it
 * - `<kind>s/<owner>--<name>/refs/<revision>`: the commit it was at last
 * - `<kind>s/<owner>--<name>/trees/<commit>/…json`: lists of files
 *
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../fs/atomic_file.ts";
import type { Digest } from "./tree.ts";
import { type HubKind, isCommit } from "./url.ts";

/** Paths of the cache, and its small files. */
export class HubCache {
  /** Folder of all of it. */
  readonly dir: string;

  constructor(cacheDir: string) {
    this.dir = join(cacheDir, "hub");
  }

  /** Where a file of this content and path in its repository lies when it is whole. */
  blob({ hex }: Digest, path: string): string {
    return join(this.dir, "blobs", hex, basename(path));
  }
  /** Where its beginning lies. */
  part({ hex }: Digest): string {
    return join(this.dir, "parts", hex);
  }
  /** Its lock. */
  lock({ hex }: Digest): string {
    return join(this.dir, "locks", hex);
  }

  /** The commit that a revision was at when the hub was last asked; null if it never was. */
  commitOf(kind: HubKind, repo: string, revision: string): string | null {
    const text = this.#read(this.#ref(kind, repo, revision))?.trim() ?? "";
    return isCommit(text) ? text : null;
  }
  /** Remembers {@linkcode commitOf}. */
  keepCommit(
    kind: HubKind,
    repo: string,
    revision: string,
    commit: string,
  ): void {
    this.#write(this.#ref(kind, repo, revision), commit + "\n");
  }

  /** A list of files that was kept under this question; null if there is none. */
  tree(kind: HubKind, repo: string, commit: string, question: string) {
    return this.#read(this.#tree(kind, repo, commit, question));
  }
  /** Keeps {@linkcode tree}. */
  keepTree(
    kind: HubKind,
    repo: string,
    commit: string,
    question: string,
    text: string,
  ): void {
    this.#write(this.#tree(kind, repo, commit, question), text);
  }

  #repo(kind: HubKind, repo: string): string {
    return join(this.dir, kind + "s", repo.replace("/", "--"));
  }
  #ref(kind: HubKind, repo: string, revision: string): string {
    const name = encodeURIComponent(revision);
    return join(this.#repo(kind, repo), "refs", name);
  }
  #tree(kind: HubKind, repo: string, commit: string, question: string) {
    // Folders may be named longer than files can be.
    const name = createHash("sha256").update(question).digest("hex");
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
    onDisk(this.dir, () => mkdirSync(dirname(path), { recursive: true }));
    writeFileAtomic(path, text, (error) => diskError(error, this.dir));
  }
}

/** Size of a file in bytes; null where there is none. */
export function sizeOf(path: string): number | null {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found.size : null;
}

/**
 * Does something on disk.
 *
 * @throws {UserError} in place of the system's error
 */
export function onDisk<T>(dir: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw diskError(error, dir);
  }
}

/** The system's error as a line for the user; any other error as it is. */
export function diskError(error: unknown, dir: string): unknown {
  const { code, message } = error as { code?: unknown; message: string };
  if (error instanceof UserError || typeof code !== "string") return error;
  const reason = code === "ENOSPC"
    ? "the disk is full: make room, or set 'data.cache' to a folder on another"
    : message;
  return new UserError(`Cannot write under '${dir}' as ${reason}`, {
    cause: error,
  });
}
