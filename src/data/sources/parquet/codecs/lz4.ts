/**
 * Decompresses LZ4 blocks as Parquet stores them: bare, or in Hadoop's frames.
 * https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 * @module
 */
import { assertParquet, ParquetError } from "../parquet_error.ts";
import { copyBack, copyIn } from "./copy_bytes.ts";

const DAMAGED = "its lz4 data are damaged";

/**
 * Decompresses one block into `out`.
 *
 * @throws {ParquetError} if the block does not fill `out` exactly
 */
export function unlz4(bytes: Uint8Array, out: Uint8Array): void {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const target = new DataView(out.buffer, out.byteOffset, out.length);
  let to = 0;
  for (let at = 0; at < bytes.length;) {
    const token = bytes[at++];
    let literals = token >> 4;
    if (literals === 15) {
      let byte: number;
      do {
        assertParquet(at < bytes.length, DAMAGED);
        byte = bytes[at++];
        literals += byte;
      } while (byte === 255);
    }
    assertParquet(
      literals <= bytes.length - at && literals <= out.length - to,
      DAMAGED,
    );
    copyIn(source, at, target, to, literals);
    at += literals;
    to += literals;
    // The last part of a block has only literals.
    if (at === bytes.length) break;
    assertParquet(at + 2 <= bytes.length, DAMAGED);
    const offset = bytes[at] | bytes[at + 1] << 8;
    at += 2;
    let length = token & 15;
    if (length === 15) {
      let byte: number;
      do {
        assertParquet(at < bytes.length, DAMAGED);
        byte = bytes[at++];
        length += byte;
      } while (byte === 255);
    }
    length += 4;
    assertParquet(
      offset > 0 && offset <= to && length <= out.length - to,
      DAMAGED,
    );
    copyBack(target, to, offset, length);
    to += length;
  }
  assertParquet(to === out.length, DAMAGED);
}

/**
 * The same for the codec LZ4: Hadoop's frames for most writers, a bare block
 * for some.
 */
export function unlz4Hadoop(bytes: Uint8Array, out: Uint8Array): void {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let to = 0;
    for (let at = 0; at < bytes.length;) {
      assertParquet(at + 8 <= bytes.length, DAMAGED);
      const size = view.getUint32(at);
      const packed = view.getUint32(at + 4);
      at += 8;
      assertParquet(
        packed <= bytes.length - at && size <= out.length - to,
        DAMAGED,
      );
      unlz4(bytes.subarray(at, at + packed), out.subarray(to, to + size));
      at += packed;
      to += size;
    }
    assertParquet(to === out.length, DAMAGED);
  } catch (error) {
    if (!(error instanceof ParquetError)) throw error;
    unlz4(bytes, out);
  }
}
