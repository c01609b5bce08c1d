/**
 * The index of fairseq's mmap format, little-endian:
 *
 *     0   9 bytes   "MMIDIDX\0\0"
 *     9   u64       version, 1
 *     17  u8        code of the type of ids
 *     18  u64       number of sentences n
 *     26  i32 × n   size of each sentence, in tokens
 *         i64 × n   where each starts in the data file, in bytes
 * @module
 */
import { UserError } from "../../errors.ts";
import { ID_TYPES, type IdType } from "./int_types.ts";
import { readExactly } from "./read_at.ts";

/** First bytes of an index. */
export const MAGIC = "MMIDIDX\0\0";
/** Size of the header in bytes. */
export const HEADER_BYTES = 26;

/** Sentences per step of a check: an index may be larger than memory. */
const SENTENCES_PER_STEP = 1 << 16;

/** An open index whose length matches its header. */
export interface MmapIndex {
  path: string;
  /** File descriptor. */
  file: number;
  type: IdType;
  sentences: number;
}

/** Builds the header of an index. */
export function buildHeader(type: IdType, sentences: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(MAGIC));
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, type.code);
  view.setBigUint64(18, BigInt(sentences), true);
  return header;
}

/**
 * Reads the header of an open index and checks the length of the file against
 * it.
 * @param bytes size of the file
 * @throws {UserError} if the file has another format or is damaged.
 */
export function readHeader(
  path: string,
  file: number,
  bytes: number,
): MmapIndex {
  const header = new Uint8Array(Math.min(bytes, HEADER_BYTES));
  readExactly(file, path, header, 0);
  const start = String.fromCharCode(...header.subarray(0, MAGIC.length));
  if (start !== MAGIC.slice(0, start.length)) {
    throw wrongFormatError(path, start);
  }
  if (bytes < HEADER_BYTES) {
    throw damagedIndexError(
      path,
      `it has ${bytes} of the ${HEADER_BYTES} bytes that every index starts with`,
    );
  }
  const view = new DataView(header.buffer);
  const version = view.getBigUint64(9, true);
  if (version !== 1n) {
    throw new UserError(
      `Cannot read '${path}' as its version must be 1: got ${version}`,
    );
  }
  const type = idTypeByCode(path, view.getUint8(17));
  const sentences = view.getBigUint64(18, true);
  const expected = BigInt(HEADER_BYTES) + 12n * sentences;
  if (BigInt(bytes) !== expected) {
    throw damagedIndexError(
      path,
      `its ${sentences} sentences make ${expected} bytes, but it has ${bytes}`,
    );
  }
  return { path, file, type, sentences: Number(sentences) };
}

/**
 * Checks that the sentences of an index cover the data file without gaps, from
 * start to end.
 * @param data path and size in bytes of the data file
 * @param visit receives the sizes of the sentences, some thousands at a time,
 * in an array that is reused
 * @throws {UserError} at the first misplaced sentence, or if the two files
 * disagree.
 */
export function checkIndex(
  { path, file, type, sentences }: MmapIndex,
  data: { path: string; bytes: number },
  visit: (sizes: Int32Array) => void,
): void {
  const sizes = new Int32Array(Math.min(SENTENCES_PER_STEP, sentences));
  // Low and high 32-bit halves: big integers would take most of the time.
  const starts = new Uint32Array(2 * sizes.length);
  let at = 0;
  for (let from = 0; from < sentences; from += SENTENCES_PER_STEP) {
    const count = Math.min(SENTENCES_PER_STEP, sentences - from);
    const size = sizes.subarray(0, count);
    const start = starts.subarray(0, 2 * count);
    const sizesAt = HEADER_BYTES + 4 * from;
    const startsAt = HEADER_BYTES + 4 * sentences + 8 * from;
    readExactly(file, path, new Uint8Array(size.buffer, 0, 4 * count), sizesAt);
    readExactly(
      file,
      path,
      new Uint8Array(start.buffer, 0, 8 * count),
      startsAt,
    );
    for (let i = 0; i < count; i++) {
      if (size[i] < 0) {
        throw damagedIndexError(
          path,
          `sentence ${from + i} has a size of ${size[i]}`,
        );
      }
      if (
        start[2 * i] !== at >>> 0 ||
        start[2 * i + 1] !== Math.floor(at / 2 ** 32)
      ) {
        const place = new BigInt64Array(start.buffer, 8 * i, 1)[0];
        throw damagedIndexError(
          path,
          `sentence ${
            from + i
          } starts at byte ${place} of the data, but those before it end at ${at}`,
        );
      }
      at += size[i] * type.bytes;
      if (at > data.bytes) {
        throw mismatchError(
          path,
          data,
          `sentence ${from + i} ends at byte ${at}`,
        );
      }
    }
    visit(size);
  }
  if (at !== data.bytes) {
    throw mismatchError(path, data, `the last sentence ends at byte ${at}`);
  }
}

function idTypeByCode(path: string, code: number): IdType {
  const type = ID_TYPES.find((type) => type.code === code);
  if (type) return type;
  throw new UserError(
    code === 6 || code === 7
      ? `Cannot read '${path}' as its data are floating-point numbers (dtype code ${code}), not token ids`
      : `Cannot read '${path}' as its dtype code must be one of ${
        ID_TYPES.map(({ code }) => code).join(", ")
      }: got ${code}`,
  );
}

/** The error for a file with other first bytes. */
function wrongFormatError(path: string, start: string): UserError {
  const format = start.startsWith("TNTIDX")
    ? "fairseq's 'lazy' or 'cached' format"
    : start.startsWith("HUFFIDX")
    ? "fairseq's 'huffman' format"
    : null;
  return new UserError(
    format
      ? `Cannot read '${path}' as it is in ${format}: binarise the text again with --dataset-impl mmap`
      : `Cannot read '${path}' as it is not an index of fairseq's mmap format: it starts with ${
        JSON.stringify(start)
      }`,
  );
}

function damagedIndexError(path: string, what: string): UserError {
  return new UserError(
    `Cannot read '${path}' as ${what}: the index is damaged, binarise the text again`,
  );
}

function mismatchError(
  path: string,
  data: { path: string; bytes: number },
  what: string,
): UserError {
  return new UserError(
    `Cannot read '${path}' as index and data file disagree: ${what}, but '${data.path}' has ${data.bytes} bytes`,
  );
}
