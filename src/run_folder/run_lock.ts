/**
 * Which process uses a run? An advisory lock of the operating system decides;
 * it is released when its process ends, also by a kill. The file's text is only
 * for messages: a stale file without the lock blocks nobody.
 * @module
 */
import process from "node:process";
import { UserError } from "../errors.ts";
import { fileError, hasCode, quoted, writeAll } from "../fs/atomic_file.ts";

/** The process that holds a lock. */
export interface LockHolder {
  /** Process id on its host. */
  pid: number;
  /** Name of the machine. */
  hostname: string;
  /** When the process started, in ISO 8601. */
  started: string;
}

/** A lock that this process holds. */
export class RunLock {
  /** Path of the lock file. */
  readonly path: string;
  #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Takes the lock.
   *
   * @throws {UserError} if another process holds it (the message says which),
   *   or the file cannot be written
   */
  static async take(path: string): Promise<RunLock> {
    while (true) {
      const file = openLocked(path);
      if (!file) throw heldBy(path, await readHolder(path));
      // The previous holder may have removed this file after we opened it and
      // before we locked it: then the lock is on a file that nobody else sees.
      if (!isAt(path, file)) {
        file.close();
        continue;
      }
      try {
        const holder: LockHolder = {
          pid: Deno.pid,
          hostname: Deno.hostname(),
          started: new Date(Math.round(performance.timeOrigin)).toISOString(),
        };
        file.truncateSync();
        writeAll(file, new TextEncoder().encode(JSON.stringify(holder) + "\n"));
      } catch (error) {
        file.close();
        throw fileError("write", path, error);
      }
      return new RunLock(path, file);
    }
  }

  /** Releases the lock; the file is removed while it is still locked. */
  release(): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // A lock file that remains does no harm.
    }
    this.#file.close();
  }
}

/** The file, open and locked, or null if another process has the lock. */
function openLocked(path: string): Deno.FsFile | null {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: true, create: true });
  } catch (error) {
    throw fileError("write", path, error);
  }
  try {
    if (file.tryLockSync(true)) return file;
  } catch (error) {
    file.close();
    if (hasCode(error, "ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")) {
      throw new UserError(
        `Cannot lock ${quoted(path)} as its file system has no locks: ` +
          `put the run folder on another disk`,
      );
    }
    throw fileError("lock", path, error);
  }
  file.close();
  return null;
}

function isAt(path: string, file: Deno.FsFile): boolean {
  try {
    const there = Deno.statSync(path);
    const ours = file.statSync();
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch {
    return false;
  }
}

/**
 * The holder by the file; waits briefly for a holder that has not written yet.
 */
async function readHolder(path: string): Promise<LockHolder | null> {
  for (let tries = 0; tries < 20; tries++) {
    try {
      const holder: LockHolder = JSON.parse(Deno.readTextFileSync(path));
      // The text may still be that of a process that has ended.
      if (holder.hostname !== Deno.hostname() || isAlive(holder.pid)) {
        return holder;
      }
    } catch {
      // Empty or half-written: read again.
    }
    await new Promise((done) => setTimeout(done, 10));
  }
  return null;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function heldBy(path: string, holder: LockHolder | null): UserError {
  const who = holder
    ? `process ${holder.pid} on '${holder.hostname}', started ${holder.started},`
    : "another process";
  return new UserError(
    `Cannot lock ${quoted(path)} as ${who} is using this run: ` +
      `wait for it, stop it, or choose another folder with run=<folder>`,
  );
}
