/**
 * Texts, in memory or read in blocks, and cut into pieces that are tokenized
 * one by one.
 * @module
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { UserError } from "../../errors.ts";
import type { FileScan, SourceFile } from "./source_file.ts";

/** A text in memory, for example one that is part of the program. */
export interface NamedText {
  name: string;
  text: string;
}

/** A text in memory in the form of a file with one document. */
export interface MemoryText extends Omit<SourceFile, "path"> {
  path: null;
  content: Uint8Array;
}

/** Texts in memory as documents; lone surrogates become U+FFFD. */
export function memoryTexts(texts: readonly NamedText[]): MemoryText[] {
  return texts.map(({ name, text }) => {
    const content = new TextEncoder().encode(text);
    return {
      name,
      path: null,
      content,
      bytes: content.length,
      format: "text",
      compression: "none",
      field: "",
    };
  });
}

/** What a text in memory holds, as `scanFile()` finds it for a file. */
export function scanMemoryText({ content }: MemoryText): FileScan {
  const scan: FileScan = {
    digest: hash("sha256", content, "hex"),
    documents: 1,
    unpacked: content.length,
    fault: null,
  };
  return content.includes(0) ? { ...scan, documents: 0, not: "binary" } : scan;
}

/**
 * Decodes a text from UTF-8 and drops a byte-order mark at its start.
 * @throws {UserError} if it is not UTF-8.
 */
export function decodeText(name: string, content: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw new UserError(`Cannot tokenize '${name}' as it is not UTF-8`);
  }
}

/** The error for a file that is no longer as the first pass found it. */
export function changedError(name: string): UserError {
  return new UserError(
    `Cannot prepare the data as '${name}' changed while it was read: run again`,
  );
}

/** A part of a text. */
export interface Piece {
  text: string;
  /** Where the next piece starts, in bytes from the start of the text. */
  end: number;
}

/** Length of a piece, for texts that can be cut, in UTF-16 code units. */
export const PIECE_UNITS = 1 << 20;
// Far below the engine's longest string (2^29).
const MAX_PIECE_UNITS = 2 ** 27;

/**
 * A document's text in pieces that a tokenizer may encode one by one. A
 * byte-order mark at its start is dropped.
 * @param from start of a piece, in bytes, to continue from there
 * @param cut see `Tokenizer.cut`; without it the whole text is one piece
 * @throws {UserError} if it is not UTF-8, or a stretch that cannot be cut is
 *   longer than 2^27 characters.
 */
export async function* textPieces(
  name: string,
  blocks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  cut?: (text: string) => number,
  from = 0,
): AsyncGenerator<Piece> {
  // A byte-order mark after the start is a character.
  const decoder = new TextDecoder("utf-8", {
    fatal: true,
    ignoreBOM: true,
  });
  const decode = (block?: Uint8Array) => {
    try {
      return decoder.decode(block, { stream: block !== undefined });
    } catch {
      throw new UserError(`Cannot tokenize '${name}' as it is not UTF-8`);
    }
  };
  let text = "";
  // Doubles while no cut is found, so that repeated searches stay linear.
  let enough = PIECE_UNITS;
  let skip = from;
  let at = from;
  const take = (units: number): Piece => {
    const piece = text.slice(0, units);
    text = text.slice(units);
    const start = at;
    at += Buffer.byteLength(piece);
    const marked = start === 0 && piece.startsWith("\ufeff");
    return { text: marked ? piece.slice(1) : piece, end: at };
  };
  for await (let block of blocks) {
    const over = Math.min(skip, block.length);
    block = block.subarray(over);
    skip -= over;
    text += decode(block);
    if (cut && text.length >= enough) {
      const end = cut(text);
      if (end > 0) yield take(end);
      enough = Math.max(PIECE_UNITS, text.length * 2);
    }
    if (text.length > MAX_PIECE_UNITS) {
      throw new UserError(
        `Cannot tokenize '${name}' as it has more than ${MAX_PIECE_UNITS} characters in one stretch ` +
          `without white space: split the file or leave it out`,
      );
    }
  }
  text += decode();
  if (text !== "") yield take(text.length);
}
