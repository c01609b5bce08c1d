/**
 * Reads files at given positions.
 * @module
 */
import { openSync, readSync, statSync } from "node:fs";
import { UserError } from "../../errors.ts";

/**
 * Opens a file for reading.
 * @returns its descriptor and its size in bytes.
 * @throws {UserError} if it is missing, not a file, or not readable.
 */
export function openForReading(path: string): { file: number; bytes: number } {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new UserError(`Cannot find '${path}'`, { isMissing: true });
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
 * Fills `bytes` with the content of a file from `position`.
 * @throws {UserError} if the file ends earlier because it was truncated after
 * it was opened.
 */
export function readExactly(
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
        }: it was truncated after it was opened`,
      );
    }
    at += n;
  }
}
