/**
 * Decodes the byte strings of a page, one class per encoding.
 * @module
 */
import { readLengths } from "./delta.ts";
import { assertParquet, ParquetError } from "./parquet_error.ts";
import { readRleRuns } from "./rle.ts";

/** Byte strings in order; each is valid until the next is taken. */
export interface Values {
  next(): Uint8Array;
}

/** The strings of a dictionary page, by index. */
export interface Dictionary {
  bytes: Uint8Array;
  /**
   * Start of each string, and one more: the four bytes before a start are a
   * length.
   */
  starts: Uint32Array;
  /** Strings decoded so far; null for bytes that are not UTF-8. */
  texts: (string | null | undefined)[];
}

const DAMAGED = "its values are damaged";

/** Names of encodings for messages. */
const NAMES = new Map([[3, "RLE"], [4, "BIT_PACKED"], [
  9,
  "BYTE_STREAM_SPLIT",
]]);

/** Whether values of this encoding are indices into the dictionary. */
export function isDictionaryEncoding(encoding: number): boolean {
  return encoding === 2 || encoding === 8;
}

/**
 * The `count` values of a page.
 *
 * @param bytes the page after its levels
 * @throws {ParquetError} now or when a value is taken, if the bytes are damaged
 */
export function readValues(
  bytes: Uint8Array,
  encoding: number,
  count: number,
): Values {
  if (encoding === 0) return new Plain(bytes);
  if (encoding === 6) {
    const { lengths, end } = readLengths(bytes, 0, count);
    return new Lengths(bytes, end, lengths);
  }
  if (encoding === 7) {
    const { lengths: prefixes, end } = readLengths(bytes, 0, count);
    const suffixes = readLengths(bytes, end, count);
    return new Prefixed(
      prefixes,
      new Lengths(bytes, suffixes.end, suffixes.lengths),
    );
  }
  throw new ParquetError(
    `the encoding ${NAMES.get(encoding) ?? encoding} is not one of strings`,
  );
}

/** Indices of `count` strings in the dictionary. */
export function readIndices(bytes: Uint8Array, count: number): Uint32Array {
  const indices = new Uint32Array(count);
  if (count > 0) {
    assertParquet(bytes.length > 0, DAMAGED);
    readRleRuns(bytes.subarray(1), bytes[0], indices);
  }
  return indices;
}

/**
 * The dictionary in a page of `count` strings.
 *
 * @throws {ParquetError} if there are fewer
 */
export function readDictionary(bytes: Uint8Array, count: number): Dictionary {
  assertParquet(count <= bytes.length / 4, "its dictionary is damaged");
  const plain = new Plain(bytes);
  const starts = new Uint32Array(count + 1);
  for (let i = 0; i < count; i++) {
    starts[i] = plain.at + 4;
    plain.next();
  }
  starts[count] = plain.at + 4;
  return { bytes, starts, texts: [] };
}

/** PLAIN: each string after its length. */
class Plain implements Values {
  at = 0;
  readonly #view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  next(): Uint8Array {
    assertParquet(this.at + 4 <= this.bytes.length, DAMAGED);
    const start = this.at + 4;
    const end = start + this.#view.getUint32(this.at, true);
    assertParquet(end <= this.bytes.length, DAMAGED);
    this.at = end;
    return this.bytes.subarray(start, end);
  }
}

/** DELTA_LENGTH_BYTE_ARRAY: all lengths, then all bytes. */
class Lengths implements Values {
  #i = 0;

  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly lengths: Uint32Array,
  ) {}

  next(): Uint8Array {
    const start = this.at;
    this.at += this.lengths[this.#i++];
    assertParquet(this.at <= this.bytes.length, DAMAGED);
    return this.bytes.subarray(start, this.at);
  }
}

/** DELTA_BYTE_ARRAY: the prefix shared with the value before is left out. */
class Prefixed implements Values {
  #i = 0;
  #value: Uint8Array = new Uint8Array();
  #room: Uint8Array = new Uint8Array();

  constructor(
    private readonly prefixes: Uint32Array,
    private readonly suffixes: Lengths,
  ) {}

  next(): Uint8Array {
    const prefix = this.prefixes[this.#i++];
    assertParquet(prefix <= this.#value.length, DAMAGED);
    const suffix = this.suffixes.next();
    const length = prefix + suffix.length;
    if (length > this.#room.length) {
      const room = new Uint8Array(Math.max(length, this.#room.length * 2));
      room.set(this.#value.subarray(0, prefix));
      this.#room = room;
    }
    this.#room.set(suffix, prefix);
    this.#value = this.#room.subarray(0, length);
    return this.#value;
  }
}
