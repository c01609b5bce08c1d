/**
 * Which process uses a run? A {@linkcode FileLock} that fails immediately and
 * names its holder decides. The file's text is only for messages: a stale file
 * without the lock blocks nobody.
 * @module
 */
import process from "node:process";
import { UserError } from "../errors.ts";
import { fileError, hasCode } from "../fs/file_error.ts";
import { FileLock } from "../fs/file_lock.ts";
import { writeAll } from "../fs/sync.ts";
import { quoted } from "../terminal/quote.ts";

/** The process that holds a lock. */
export interface LockHolder {
  /** Process id on its host. */
  pid: number;
  /** Name of the machine. */
  hostname: string;
  /** When the process started, in ISO 8601. */
  started: string;
}

/** A run's lock, held by this process. */
export class RunLock {
  #lock: FileLock;

  private constructor(lock: FileLock) {
    this.#lock = lock;
  }

  /** Where its file lies. */
  get path(): string {
    return this.#lock.path;
  }

  /**
   * Takes the lock.
   *
   * @throws {UserError} if another process holds it (the message says which),
   *   or the file cannot be written
   */
  static async take(path: string): Promise<RunLock> {
    const taken = tryTake(path);
    if (!taken) throw heldBy(path, await readHolder(path));
    let lock = taken;
    try {
      lock = taken.forWriting();
      const holder: LockHolder = {
        pid: Deno.pid,
        hostname: Deno.hostname(),
        started: new Date(Math.round(performance.timeOrigin)).toISOString(),
      };
      lock.file.truncateSync();
      writeAll(
        lock.file,
        new TextEncoder().encode(JSON.stringify(holder) + "\n"),
      );
    } catch (error) {
      lock.file.close();
      throw fileError("write", path, error);
    }
    return new RunLock(lock);
  }

  /** Frees the lock and removes its file. */
  release(): void {
    this.#lock.release();
  }
}

function tryTake(path: string): FileLock | null {
  try {
    return FileLock.tryTake(path);
  } catch (error) {
    if (hasCode(error, "ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")) {
      throw new UserError(
        `Cannot lock ${quoted(path)} as its file system has no locks: ` +
          `put the run folder on another disk`,
      );
    }
    throw fileError("lock", path, error);
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
