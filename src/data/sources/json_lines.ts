/**
 * JSON Lines in blocks of whole lines, to be parsed elsewhere.
 * @module
 */
import { openBytes } from "./compression/open_decompressed.ts";
import { LineBuffer } from "./line_buffer.ts";
import { countLines, MAX_LINE } from "./line_counter.ts";
import type { SourceFile } from "./source_file.ts";
import { UnreadableError } from "./unreadable_error.ts";

/** Whole lines of a file; plain data, so that it can be sent to a worker. */
export interface LineBlock {
  /** The lines, in a buffer of their own that may be transferred. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Number in the file of its first document, from 0: the lines that are not blank are counted. */
  first: number;
  /** Documents in it. */
  documents: number;
  /** Number in the file of its first line, from 1. */
  line: number;
}

/** How lines are read. */
export interface JsonLinesOptions {
  /** Leave out the blocks that end before this document. @default 0 */
  from?: number;
  /** See `openBytes()`. */
  onPacked?: (block: Uint8Array) => void;
}

/**
 * A file's lines in blocks of about 1 MiB, or of one line that is longer. The
 * lines before a fault are all given; then it is thrown.
 * @throws {UserError} if the file cannot be read; `UnreadableError` if its packing is at fault or a line is too long.
 */
export async function* jsonLines(
  file: SourceFile,
  { from = 0, onPacked }: JsonLinesOptions = {},
): AsyncGenerator<LineBlock> {
  const lines = new LineBuffer();
  let first = 0;
  let line = 1;
  const block = (bytes: Uint8Array<ArrayBuffer>): LineBlock => {
    const count = countLines(bytes);
    const made = { bytes, first, documents: count.documents, line };
    first += count.documents;
    line += count.lines;
    return made;
  };
  const wanted = ({ first, documents }: LineBlock) =>
    documents > 0 && first + documents > from;
  let fault: unknown = null;
  try {
    for await (const bytes of openBytes(file, onPacked)) {
      const whole = lines.add(bytes);
      if (whole) {
        const made = block(whole);
        if (wanted(made)) yield made;
      }
      if (lines.length > MAX_LINE) {
        throw new UnreadableError(file.name, tooLong(line));
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    fault = error;
  }
  // What is left after the last newline is a line, but not where the file goes on unread.
  const rest = lines.take(fault === null);
  if (rest.length > 0) {
    const made = block(rest);
    if (wanted(made)) yield made;
  }
  if (fault !== null) throw fault;
}

/** Why a line cannot be read, as a clause. */
function tooLong(line: number): string {
  return `its line ${line} is longer than ${MAX_LINE} bytes`;
}
