/**
 * Folders that are there whole or not at all, whatever interrupts the writing.
 * @module
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Ends the name of a folder that is being written. */
export const UNFINISHED = ".unfinished";

/** Writes a new file and waits until the disk has it; text becomes UTF-8. */
export function writeDurably(path: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  const file = openSync(path, "wx");
  try {
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** How a folder is written. */
export interface FolderOptions {
  /** Whether `fill` goes on with what an earlier writer has left, in place of an empty folder. @default false */
  resume?: boolean;
  /** Whether what was written stays after an error, for `fill` to go on with. @default never */
  keep?: (error: unknown) => boolean;
}

/**
 * Makes the folder `dir`: `fill` writes into a sibling with the ending `UNFINISHED`, which takes the name `dir` when
 * all is on disk. What lies at `dir` is replaced; after an error nothing is left unless `keep`. Hold a lock meanwhile.
 */
export async function writeFolder<T>(
  dir: string,
  fill: (unfinished: string) => Promise<T>,
  { resume = false, keep = () => false }: FolderOptions = {},
): Promise<T> {
  const unfinished = dir + UNFINISHED;
  if (!resume) rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  try {
    const result = await fill(unfinished);
    syncFolder(unfinished);
    rmSync(dir, { recursive: true, force: true });
    renameSync(unfinished, dir);
    syncFolder(dirname(dir));
    return result;
  } catch (error) {
    if (!keep(error)) rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Removes what killed writers have left in `parent` and nobody has gone on with for `days` days. */
export function removeUnfinished(parent: string, days: number): void {
  const before = Date.now() - days * 86_400_000;
  for (const name of readdirSync(parent)) {
    const dir = join(parent, name);
    if (name.endsWith(UNFINISHED) && lastChange(dir) < before) {
      rmSync(dir, { recursive: true, force: true });
    }
  }
}

/** When a folder or a file in it was last changed, in milliseconds. */
function lastChange(dir: string): number {
  const times = [dir, ...readdirSync(dir).map((name) => join(dir, name))]
    .map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...times);
}

/**
 * Runs `work` while no other process does under the same lock file, which is gone afterwards. The operating system
 * frees the lock when the process ends, however it ends.
 * @param onWait called once if another process has to be waited for
 */
export async function withLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void,
): Promise<T> {
  let waited = false;
  for (;;) {
    using file = await Deno.open(path, { create: true, write: true });
    if (!await file.tryLock(true)) {
      if (!waited) onWait();
      waited = true;
      await file.lock(true);
    }
    // The one that had it has removed it: who comes next would find another file, and wait for nobody.
    if (!isFileAt(path, file)) continue;
    try {
      return await work();
    } finally {
      rmSync(path, { force: true });
    }
  }
}

function isFileAt(path: string, file: Deno.FsFile): boolean {
  try {
    return Deno.statSync(path).ino === file.statSync().ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits until the disk has the folder's list of names, so that a rename in it survives a power cut. */
export function syncFolder(path: string): void {
  // Windows opens no folders, and needs no such thing.
  if (Deno.build.os === "windows") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    // Some network file systems sync folders by themselves and refuse the call.
    const { code = "" } = error as { code?: string };
    if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(code)) throw error;
  } finally {
    closeSync(folder);
  }
}
