/**
 * One process at a time: an advisory lock of the operating system on a file.
 * The system frees it when the process ends, however it ends, so a file that
 * stays behind stops nobody.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { draftName } from "./atomic_file.ts";
import { hasOtherNames, isAt, requirePlain } from "./plain_file.ts";

/** A lock that this process holds. */
export class FileLock {
  /** Where its file lies. */
  readonly path: string;
  /** The file, open for writing. */
  readonly file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.file = file;
  }

  /**
   * Takes the lock if it is free.
   *
   * @returns null if another process, or this one, holds it
   * @throws the system's error
   */
  static tryTake(path: string): FileLock | null {
    for (;;) {
      const file = openFile(path);
      try {
        if (!file.tryLockSync(true)) {
          file.close();
          return null;
        }
        // The holder before may have removed the file between the opening and
        // the locking: then the next process would open another file, and both
        // would hold a lock.
        if (isAt(path, file)) return new FileLock(path, file);
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /**
   * Takes the lock, and waits while another process holds it.
   *
   * @param onWait called once if there is a wait
   * @throws the system's error
   */
  static async take(path: string, onWait: () => void): Promise<FileLock> {
    const lock = FileLock.tryTake(path);
    if (lock) return lock;
    onWait();
    for (;;) {
      const file = openFile(path);
      try {
        await file.lock(true);
        if (isAt(path, file)) return new FileLock(path, file);
      } catch (error) {
        file.close();
        throw error;
      }
      file.close();
    }
  }

  /**
   * The same lock on a file that may be written to: a new one, if this one has
   * other names too.
   *
   * @throws the system's error; the lock is free then
   */
  forWriting(): FileLock {
    if (!hasOtherNames(this.file.statSync())) return this;
    try {
      const draft = join(dirname(this.path), draftName(basename(this.path)));
      const file = Deno.openSync(draft, { write: true, createNew: true });
      file.tryLockSync(true);
      Deno.renameSync(draft, this.path);
      return new FileLock(this.path, file);
    } finally {
      this.file.close();
    }
  }

  /** Removes the file while the lock still holds, then frees the lock. */
  release(): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // A lock file that stays behind does no harm.
    }
    this.file.close();
  }
}

/**
 * Runs `work` while no other process does so under the same lock file, which is
 * gone afterwards.
 *
 * @param onWait called once if another process holds the lock
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void,
): Promise<T> {
  const lock = await FileLock.take(path, onWait);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function openFile(path: string): Deno.FsFile {
  requirePlain(path, "file");
  return Deno.openSync(path, { write: true, create: true });
}
