/**
 * Decodes lengths stored as differences from the one before
 * (DELTA_BINARY_PACKED, 32 bits).
 * @module
 */
import { assertParquet } from "./parquet_error.ts";
import { readPacked } from "./rle.ts";

const DAMAGED = "lengths in it are damaged";

/**
 * Reads `count` lengths, none of them negative.
 *
 * @returns the lengths, and their end in `bytes`
 * @throws {ParquetError} if the bytes are damaged
 */
export function readLengths(
  bytes: Uint8Array,
  from: number,
  count: number,
): { lengths: Uint32Array; end: number } {
  let at = from;
  const varint = () => {
    let value = 0;
    for (let factor = 1, i = 0; i < 10; i++, factor *= 128) {
      assertParquet(at < bytes.length, DAMAGED);
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return NaN;
  };
  const zigzag = () => {
    const n = varint();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  };
  const perBlock = varint();
  const miniblocks = varint();
  const perMiniblock = perBlock / miniblocks;
  assertParquet(
    perBlock <= 2 ** 20 && perMiniblock >= 8 && perMiniblock % 8 === 0,
    DAMAGED,
  );
  assertParquet(varint() === count, DAMAGED);
  const lengths = new Uint32Array(count);
  const differences = new Uint32Array(perMiniblock);
  let value = zigzag();
  for (let i = 0; i < count;) {
    if (i === 0) lengths[i++] = checked(value);
    if (i === count) break;
    const least = zigzag();
    const widths = at;
    at += miniblocks;
    assertParquet(at <= bytes.length, DAMAGED);
    for (let m = 0; m < miniblocks && i < count; m++) {
      const width = bytes[widths + m];
      const size = width * perMiniblock / 8;
      assertParquet(width <= 32 && at + size <= bytes.length, DAMAGED);
      readPacked(bytes, at, width, differences, 0, perMiniblock);
      at += size;
      for (let j = 0; j < perMiniblock && i < count; j++) {
        // Differences wrap around at 32 bits.
        value = (value + least + differences[j]) | 0;
        lengths[i++] = checked(value);
      }
    }
  }
  return { lengths, end: at };
}

function checked(length: number): number {
  assertParquet(length >= 0 && length < 2 ** 31, DAMAGED);
  return length;
}
