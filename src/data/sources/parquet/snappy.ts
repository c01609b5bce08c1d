/**
 * Snappy, as Parquet packs pages with it.
 * https://github.com/google/snappy/blob/main/format_description.txt
 * @module
 */
import { copyBack, copyIn } from "./copy_bytes.ts";
import { must } from "./fault.ts";

const DAMAGED = "its snappy data are damaged";

/**
 * Unpacks one block into `out`, all of it.
 * @throws {ParquetFault} if the block does not give just that.
 */
export function unsnappy(bytes: Uint8Array, out: Uint8Array): void {
  let at = 0;
  let size = 0;
  for (let shift = 0;; shift += 7) {
    must(at < bytes.length && shift < 35, DAMAGED);
    const byte = bytes[at++];
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
  }
  must(size === out.length, DAMAGED);
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const target = new DataView(out.buffer, out.byteOffset, out.length);
  let to = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    if ((tag & 3) === 0) {
      let length = (tag >> 2) + 1;
      if (length > 60) {
        const extra = length - 60;
        must(at + extra <= bytes.length, DAMAGED);
        length = 1;
        for (let i = 0; i < extra; i++) length += bytes[at++] * 2 ** (8 * i);
      }
      must(length <= bytes.length - at && length <= size - to, DAMAGED);
      copyIn(source, at, target, to, length);
      at += length;
      to += length;
      continue;
    }
    let length: number;
    let offset: number;
    if ((tag & 3) === 1) {
      length = (tag >> 2 & 7) + 4;
      offset = (tag >> 5) << 8 | bytes[at];
      at += 1;
    } else if ((tag & 3) === 2) {
      length = (tag >> 2) + 1;
      offset = bytes[at] | bytes[at + 1] << 8;
      at += 2;
    } else {
      length = (tag >> 2) + 1;
      offset = (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
        bytes[at + 3] << 24) >>> 0;
      at += 4;
    }
    must(
      at <= bytes.length && offset > 0 && offset <= to && length <= size - to,
      DAMAGED,
    );
    copyBack(target, to, offset, length);
    to += length;
  }
  must(to === size, DAMAGED);
}
