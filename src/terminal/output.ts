/**
 * Where do words for the user go? What a command is asked for goes to standard
 * output and must arrive; everything else goes to standard error, and no
 * failure there ends the work.
 * @module
 */
import { systemCode, UserError } from "../errors.ts";

/** The reader of standard output, such as `head`, has read enough. */
export class OutputClosed extends Error {
  override name = "OutputClosed";
}

const encoder = new TextEncoder();

let errorIsOpen = true;

/** Tells the user a line, on standard error. Never throws. */
export function say(line: string): void {
  writeError(`${line}\n`);
}

/**
 * Writes text to standard error. Never throws: what cannot be written is lost,
 * for instance while the disk under a log is full, or where the terminal is
 * gone.
 */
export function writeError(text: string): void {
  if (!errorIsOpen) return;
  try {
    writeAll(Deno.stderr, text);
  } catch (error) {
    // A pipe stays closed; anything else may come right again.
    errorIsOpen = !(error instanceof Deno.errors.BrokenPipe);
  }
}

/**
 * Prints a line of what the command was asked for, on standard output.
 *
 * @throws as {@linkcode writeOutput}
 */
export function print(line = ""): void {
  writeOutput(`${line}\n`);
}

/**
 * Writes text to standard output.
 *
 * @throws {OutputClosed} if its reader has closed the pipe
 * @throws {UserError} if it cannot be written
 */
export function writeOutput(text: string): void {
  try {
    writeAll(Deno.stdout, text);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    const code = systemCode(error) ?? String(error);
    throw new UserError(
      `Cannot write to standard output as ${
        REASONS[code] ?? `the system refused it (${code})`
      }`,
      { cause: error },
    );
  }
}

const REASONS: Record<string, string> = {
  ENOSPC: "its disk is full: free some space",
  EDQUOT: "the disk quota is used up: free some space",
  EFBIG: "its file would be larger than the file system or 'ulimit -f' allows",
  EIO: "its terminal is gone, or its disk reports an error",
};

type Stream = { writeSync(bytes: Uint8Array): number };

function writeAll(stream: Stream, text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += stream.writeSync(bytes.subarray(at, at + PIPE_BUF));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      // Another process that shares it has set it to not wait.
      Atomics.wait(PAUSE, 0, 0, 5);
    }
  }
}

/**
 * Bytes that a pipe takes wholly or not at all. Of more, Deno does not tell how
 * many were written before one that does not wait was full.
 */
const PIPE_BUF = 4096;

const PAUSE = new Int32Array(new SharedArrayBuffer(4));
