/**
 * Standard input as a file: it can be read only once, and a store is made of
 * two readings, so it is kept under its content's name.
 * @module
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import type { Format } from "./sources/source_file.ts";

/** How a stream is kept. */
export interface SpoolOptions {
  /** The file is made in `<cacheDir>/stdin/`. */
  cacheDir: string;
  /** What it holds; null to look at its first bytes. */
  format: Format | null;
  /** Called with the bytes so far. */
  onBytes?: (bytes: number) => void;
}

const GZIP = [0x1f, 0x8b], ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const PARQUET = [0x50, 0x41, 0x52, 0x31];

/**
 * Writes a stream to `<cacheDir>/stdin/<SHA-256><ending>` and returns that
 * path; equal streams share a file. The ending says what was found: Parquet,
 * JSON Lines (the first character is a brace) or text, and gzip or zstd around
 * either (taken for JSON Lines where `format` does not say).
 *
 * @throws {UserError} if the stream is empty, or there is no room
 */
export async function spool(
  stream: AsyncIterable<Uint8Array>,
  { cacheDir, format, onBytes }: SpoolOptions,
): Promise<string> {
  const folder = join(cacheDir, "stdin");
  const draft = join(folder, `.draft-${Deno.pid}-${crypto.randomUUID()}`);
  const hash = createHash("sha256");
  let bytes = 0, head: Uint8Array = new Uint8Array(0);
  try {
    mkdirSync(folder, { recursive: true });
    const file = openSync(draft, "wx");
    try {
      for await (const block of stream) {
        if (head.length < HEAD_BYTES) head = joined(head, block);
        hash.update(block);
        for (let at = 0; at < block.length;) {
          at += writeSync(file, block, at, block.length - at);
        }
        bytes += block.length;
        onBytes?.(bytes);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (bytes === 0) {
      throw new UserError(
        "Cannot read standard input as it is empty: pipe text into this command",
      );
    }
    const path = join(folder, hash.digest("hex") + ending(head, format));
    renameSync(draft, path);
    return path;
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof UserError) throw error;
    const { code, message } = error as { code?: string; message: string };
    const reason = code === "ENOSPC"
      ? " as the disk is full: free some space, or set 'data.cache' to a folder on another"
      : `: ${message}`;
    throw new UserError(`Cannot keep standard input in '${folder}'${reason}`, {
      cause: error,
    });
  }
}

const HEAD_BYTES = 4096;

function joined(head: Uint8Array, block: Uint8Array): Uint8Array {
  const more = block.subarray(0, HEAD_BYTES - head.length);
  const both = new Uint8Array(head.length + more.length);
  both.set(head);
  both.set(more, head.length);
  return both;
}

/** The name's ending, by which the readers know what a file is. */
function ending(head: Uint8Array, format: Format | null): string {
  const starts = (magic: number[]) => magic.every((b, i) => head[i] === b);
  if (format === "parquet" || format === null && starts(PARQUET)) {
    return ".parquet";
  }
  const packed = starts(GZIP) ? ".gz" : starts(ZSTD) ? ".zst" : "";
  const first = head.find((b) => b !== 0x20 && b !== 9 && b !== 10 && b !== 13);
  const lines = format === "jsonl" ||
    format === null && (packed !== "" || first === 0x7b);
  return (lines ? ".jsonl" : ".txt") + packed;
}
