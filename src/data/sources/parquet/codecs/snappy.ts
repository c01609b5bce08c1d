/**
 * Decompresses snappy as Parquet stores it.
 * https://github.com/google/snappy/blob/main/format_description.txt
 * @module
 */
import { snappyUncompressor } from "hysnappy";
import { assertParquet } from "../parquet_error.ts";

const DAMAGED = "its snappy data are damaged";

type Uncompress = ReturnType<typeof snappyUncompressor>;

let uncompress: Uncompress | undefined;

/**
 * Decompresses one block of `size` bytes.
 *
 * @throws {ParquetError} if the block does not have that size
 */
export function unsnappy(bytes: Uint8Array, size: number): Uint8Array {
  // The decoder trusts the block's own length and would write as many bytes.
  assertParquet(lengthOf(bytes) === size, DAMAGED);
  uncompress ??= snappyUncompressor();
  return uncompress(bytes, size);
}

/** The length that a block claims: a varint at its start. */
function lengthOf(bytes: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < 5; at++) {
    assertParquet(at < bytes.length, DAMAGED);
    length += (bytes[at] & 127) * 2 ** (7 * at);
    if (bytes[at] < 128) return length;
  }
  assertParquet(false, DAMAGED);
  return -1;
}
