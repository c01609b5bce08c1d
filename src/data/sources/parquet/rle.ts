/**
 * Decodes runs of small integers: the hybrid of RLE and bit-packing.
 * https://github.com/apache/parquet-format/blob/master/Encodings.md
 * @module
 */
import { assertParquet } from "./parquet_error.ts";

const DAMAGED = "a run of numbers in it is damaged";

/**
 * Reads numbers of `width` bits until `out` is full. A run that claims more
 * numbers costs no more time.
 *
 * @throws {ParquetError} if the bytes end before
 */
export function readRleRuns(
  bytes: Uint8Array,
  width: number,
  out: Uint8Array | Uint32Array,
): void {
  assertParquet(width <= 32, DAMAGED);
  if (width === 0) {
    out.fill(0);
    return;
  }
  let at = 0;
  for (let filled = 0; filled < out.length;) {
    let head = 0;
    for (let shift = 0;; shift += 7) {
      assertParquet(at < bytes.length && shift < 35, DAMAGED);
      const byte = bytes[at++];
      head += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    const length = Math.floor(head / 2);
    if (head % 2 === 0) {
      const size = (width + 7) >> 3;
      assertParquet(at + size <= bytes.length, DAMAGED);
      let value = 0;
      for (let i = 0; i < size; i++) value |= bytes[at++] << (8 * i);
      const end = Math.min(filled + length, out.length);
      out.fill(value >>> 0, filled, end);
      filled = end;
    } else {
      const count = Math.min(length * 8, out.length - filled);
      // Some writers omit the padding of the last group.
      assertParquet(Math.ceil(count * width / 8) <= bytes.length - at, DAMAGED);
      readPacked(bytes, at, width, out, filled, count);
      at = Math.min(at + length * width, bytes.length);
      filled += count;
    }
  }
}

/**
 * Reads `count` numbers of `width` bits, lowest bit first, from byte `at` on.
 */
export function readPacked(
  bytes: Uint8Array,
  at: number,
  width: number,
  out: Uint8Array | Uint32Array,
  from: number,
  count: number,
): void {
  const mask = width === 32 ? 0xffffffff : 2 ** width - 1;
  // A number spans up to five bytes: more bits than integer operations have.
  let held = 0;
  let bits = 0;
  for (let i = from; i < from + count; i++) {
    while (bits < width && bits <= 24) {
      held = (held | bytes[at++] << bits) >>> 0;
      bits += 8;
    }
    if (bits >= width) {
      out[i] = (held & mask) >>> 0;
      held = width === 32 ? 0 : held >>> width;
      bits -= width;
    } else {
      const next = bytes[at++];
      out[i] = ((held | next << bits) & mask) >>> 0;
      const used = width - bits;
      held = next >>> used;
      bits = 8 - used;
    }
  }
}
