/**
 * How is a run's folder created or opened? For one process at a time, with the
 * composed config and the facts of the run in it.
 * @module
 */
import { join } from "node:path";
import { clearLeftovers } from "../checkpoint/checkpoint_folder.ts";
import { requirePlainRun } from "../checkpoint/plain_run.ts";
import { UserError } from "../errors.ts";
import { isDraftOf, writeFileAtomic } from "../fs/atomic_file.ts";
import { exists, FileError, fileError } from "../fs/file_error.ts";
import { stableJson } from "../fs/stable_json.ts";
import { quoted, shellWord } from "../terminal/quote.ts";
import { RunLock } from "./run_lock.ts";

/** A folder with one of these files holds a run. */
const MARKS = ["config.yaml", "run.json", "metrics.jsonl", "checkpoints"];

/** A run's folder, held by this process until closed. */
export class RunFolder {
  /** Its path, as given. */
  readonly dir: string;
  #lock: RunLock;

  /** Use {@linkcode openRunFolder}. */
  constructor(dir: string, lock: RunLock) {
    this.dir = dir;
    this.#lock = lock;
  }

  /** A file's path in the folder. */
  path(name: string): string {
    return join(this.dir, name);
  }

  /**
   * Writes `config.yaml`, the composed config.
   *
   * @throws {UserError} if it cannot be written
   */
  writeConfig(yaml: string): void {
    writeFileAtomic(this.path("config.yaml"), yaml);
  }

  /**
   * Writes `run.json`: version, adapter, kernel choices, data fingerprint.
   *
   * @throws {UserError} if it cannot be written
   * @throws {TypeError} on values that JSON cannot hold
   */
  writeInfo(info: Readonly<Record<string, unknown>>): void {
    writeFileAtomic(this.path("run.json"), stableJson(info));
  }

  /** Releases the folder to other processes. */
  close(): void {
    this.#lock.release();
  }

  /** As {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Creates a run's folder, or opens one to resume it; repairs what a killed
 * process left incomplete.
 *
 * @param options.resume opens an existing run instead of creating one
 * @throws {UserError} if it cannot be written, another process holds it, it
 *   holds a run and is not to be resumed, or holds none and is, or a file in it
 *   is a link
 */
export async function openRunFolder(
  dir: string,
  options: { resume: boolean },
): Promise<RunFolder> {
  if (options.resume) requireRun(dir);
  requirePlainRun(dir);
  const isNew = !exists(dir);
  try {
    Deno.mkdirSync(dir, { recursive: true });
  } catch (error) {
    throw folderError(dir, error);
  }
  let lock: RunLock;
  try {
    lock = await RunLock.take(join(dir, "lock"));
  } catch (error) {
    throw folderError(dir, error);
  }
  try {
    // Checked under the lock: of two processes that start together, one gets
    // here.
    if (!options.resume && MARKS.some((name) => exists(join(dir, name)))) {
      throw new UserError(
        `Cannot start a run in ${quoted(dir)} as it holds one already: ` +
          `resume it with --resume ${shellWord(dir)}, or choose run=<folder>`,
      );
    }
    clearLeftovers(dir);
    clearTornFiles(dir);
    return new RunFolder(dir, lock);
  } catch (error) {
    lock.release();
    if (isNew) removeIfEmpty(dir);
    throw error;
  }
}

function requireRun(dir: string): void {
  if (exists(join(dir, "config.yaml"))) return;
  const why = exists(dir)
    ? "it holds no run (there is no 'config.yaml')"
    : "it does not exist";
  throw new UserError(
    `Cannot resume ${quoted(dir)} as ${why}: give the folder of a run`,
  );
}

/** Files that are replaced by a draft. */
const REPLACED = ["config.yaml", "run.json", "metrics.jsonl", "lock"];

/** Removes the drafts that a killed process left of them. */
function clearTornFiles(dir: string): void {
  for (const { name } of Deno.readDirSync(dir)) {
    if (!REPLACED.some((file) => isDraftOf(file, name))) continue;
    try {
      Deno.removeSync(join(dir, name));
    } catch (error) {
      throw fileError("remove", join(dir, name), error);
    }
  }
}

function folderError(dir: string, error: unknown): Error {
  const cause = fileError("write", dir, error);
  if (!(cause instanceof FileError)) return cause;
  return new FileError(`Cannot use run folder ${quoted(dir)}`, cause.reason, {
    cause,
  });
}

function removeIfEmpty(dir: string): void {
  try {
    Deno.removeSync(dir);
  } catch {
    // It is not empty.
  }
}
