/**
 * Folders that are whole or absent, whatever interrupts the writing.
 * @module
 */
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { exists } from "./file_error.ts";
import { syncFolder } from "./sync.ts";

/** Ends the name of a folder that is being written. */
export const UNFINISHED = ".unfinished";

/** How a folder is written. */
export interface FolderOptions {
  /**
   * Whether `fill` continues what an earlier writer left, instead of an empty
   * folder.
   *
   * @default false
   */
  resume?: boolean;
  /**
   * Whether what was written stays after an error, for `fill` to continue.
   *
   * @default never
   */
  keep?: (error: unknown) => boolean;
}

/**
 * Makes the folder `dir`: `fill` writes into a sibling whose name ends in
 * {@linkcode UNFINISHED}, which takes the name `dir` when all is on disk. A
 * folder that is at `dir` is replaced; after an error nothing is left unless
 * `keep` says so. The caller holds a lock.
 */
export async function writeFolder<T>(
  dir: string,
  fill: (unfinished: string) => Promise<T>,
  { resume = false, keep = () => false }: FolderOptions = {},
): Promise<T> {
  const unfinished = dir + UNFINISHED;
  const aside = `${dir}.old${UNFINISHED}`;
  if (!resume) removeFolder(unfinished);
  mkdirSync(unfinished, { recursive: true });
  try {
    const result = await fill(unfinished);
    syncFolder(unfinished);
    removeFolder(aside);
    putInPlace(unfinished, dir, aside);
    removeFolder(aside);
    return result;
  } catch (error) {
    if (!keep(error)) removeFolder(unfinished);
    throw error;
  }
}

/**
 * Gives a finished folder its name. A folder of that name is moved aside first,
 * as a rename replaces empty folders only; it comes back if the rename fails.
 *
 * @param aside must not exist; afterwards it is the folder that was replaced,
 * if any
 * @throws the system's error
 */
export function putInPlace(made: string, dir: string, aside: string): void {
  const replaces = exists(dir);
  if (replaces) renameSync(dir, aside);
  try {
    renameSync(made, dir);
  } catch (error) {
    try {
      if (replaces) renameSync(aside, dir);
    } catch {
      // The first error says more.
    }
    throw error;
  }
  syncFolder(dirname(dir));
}

/**
 * Removes the folders in `parent` that killed writers left and nobody continued
 * for `days` days.
 */
export function removeUnfinished(parent: string, days: number): void {
  const before = Date.now() - days * 86_400_000;
  for (const name of readdirSync(parent)) {
    const dir = join(parent, name);
    if (name.endsWith(UNFINISHED) && lastChange(dir) < before) {
      removeFolder(dir);
    }
  }
}

function removeFolder(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** When a folder or a file in it was last changed, in milliseconds. */
function lastChange(dir: string): number {
  const times = [dir, ...readdirSync(dir).map((name) => join(dir, name))]
    .map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...times);
}
