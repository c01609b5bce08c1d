/**
 * Files read in blocks, without decompressing.
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { cannotRead } from "./unreadable_error.ts";

/** Bytes per block, except the last. */
const BLOCK_BYTES = 1 << 20;

/** How a file is read. */
export interface BlockOptions {
  /** Where to start, in bytes. @default 0 */
  from?: number;
  /**
   * Whether each block gets its own memory, instead of one buffer for all.
   * @default false
   */
  own?: boolean;
}

/**
 * The bytes of a file, 1 MiB at a time.
 * @throws {UserError} if it cannot be read.
 */
export function* fileBlocks(
  { path, name }: { path: string; name: string },
  { from = 0, own = false }: BlockOptions = {},
): Generator<Uint8Array<ArrayBuffer>> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    let buffer: Uint8Array<ArrayBuffer> | undefined;
    for (let at = from;;) {
      // One byte more than is left, so that the end of the file shows without
      // another read.
      const length = Math.min(BLOCK_BYTES, Math.max(1, size - at + 1));
      if (own || buffer === undefined || buffer.length < length) {
        buffer = new Uint8Array(length);
      }
      const n = readFull(file, buffer, at);
      if (n === 0) return;
      at += n;
      yield buffer.subarray(0, n);
      if (n < buffer.length) return;
    }
  } catch (error) {
    throw cannotRead(name, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Reads at a position until `buffer` is full or the file ends, so that every
 * pass sees the same blocks.
 */
export function readFull(
  file: number,
  buffer: Uint8Array,
  position: number,
): number {
  let filled = 0;
  while (filled < buffer.length) {
    const n = readSync(
      file,
      buffer,
      filled,
      buffer.length - filled,
      position + filled,
    );
    if (n === 0) break;
    filled += n;
  }
  return filled;
}
