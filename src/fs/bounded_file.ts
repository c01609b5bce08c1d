/**
 * Files of a known purpose that are read whole: one that is far larger than its
 * purpose needs is refused before it fills the memory.
 * @module
 */
import { formatBytes } from "../terminal/format_numbers.ts";
import { quoted } from "../terminal/quote.ts";
import { FileError } from "./file_error.ts";

/** Most bytes of a config, a state, or a description of a run. */
const SMALL_BYTES = 8e6;

/**
 * Checks that what is at a path is a file of a bounded size.
 *
 * @param most bytes; 8 MB by default, for files of a few kilobytes
 * @throws {UserError} if it is a device or a pipe, which may have no end, or
 *   larger; otherwise the system's error
 */
export function requireBounded(path: string, most = SMALL_BYTES): void {
  const { isFile, isDirectory, size } = Deno.statSync(path);
  const refuse = (why: string) => {
    throw new FileError(`Cannot read ${quoted(path)}`, why);
  };
  // The system's own words are clear for a folder.
  if (!isFile && !isDirectory) refuse("it is not a file");
  if (size > most) {
    refuse(
      `it must have at most ${formatBytes(most)}: got ${formatBytes(size)}`,
    );
  }
}

/**
 * The text of a small file.
 *
 * @throws as {@linkcode requireBounded}, and {UserError} if it is not UTF-8
 */
export function readSmallText(path: string): string {
  requireBounded(path);
  const bytes = Deno.readFileSync(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FileError(
      `Cannot read ${quoted(path)}`,
      "it must be text in UTF-8",
    );
  }
}
