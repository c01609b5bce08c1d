/**
 * Files read by position.
 * @module
 */
import { openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../errors.ts";

/**
 * Opens a file for reading.
 * @returns its descriptor and its size in bytes.
 * @throws {UserError} if it is missing, not a file, or may not be read.
 */
export function openFile(path: string): { file: number; bytes: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new UserError(`Cannot find '${path}'`);
  if (!found.isFile()) {
    throw new UserError(`Cannot read '${path}' as it is not a file`);
  }
  try {
    return { file: openSync(path, "r"), bytes: found.size };
  } catch (error) {
    throw new UserError(`Cannot read '${path}': ${(error as Error).message}`);
  }
}

/**
 * Fills `bytes` with what the file has from `position` on.
 * @throws {UserError} if the file ends before that: it was longer when it was opened.
 */
export function readFully(
  file: number,
  path: string,
  bytes: Uint8Array,
  position: number,
): void {
  for (let at = 0; at < bytes.length;) {
    const n = readSync(file, bytes, at, bytes.length - at, position + at);
    if (n === 0) {
      throw new UserError(
        `Cannot read '${path}' as it ends at byte ${
          position + at
        }: it has been cut short since it was opened`,
      );
    }
    at += n;
  }
}
