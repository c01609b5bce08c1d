/**
 * Short copies, the inner loop of decompression: four bytes at a time, without
 * a call of the runtime or an object per copy.
 * @module
 */

// Below this length a loop costs less than a call.
const SHORT = 64;

/**
 * Copies `length` bytes from one array to another; the caller checks the
 * bounds.
 */
export function copyIn(
  from: DataView,
  at: number,
  out: DataView,
  to: number,
  length: number,
): void {
  if (length > SHORT) {
    bytesOf(out, to, length).set(bytesOf(from, at, length));
    return;
  }
  const end = to + length;
  for (; to + 4 <= end; to += 4, at += 4) {
    out.setInt32(to, from.getInt32(at));
  }
  while (to < end) out.setUint8(to++, from.getUint8(at++));
}

/** Copies the bytes `offset` back in `out`; source and target may overlap. */
export function copyBack(
  out: DataView,
  to: number,
  offset: number,
  length: number,
): void {
  const end = to + length;
  if (offset >= 4) {
    for (; to + 4 <= end; to += 4) out.setInt32(to, out.getInt32(to - offset));
  }
  for (; to < end; to++) out.setUint8(to, out.getUint8(to - offset));
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}
