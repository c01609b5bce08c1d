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
import { readFully } from "./files.ts";
import { INT_TYPES, type IntType } from "./int_types.ts";

/** What an index starts with. */
export const MAGIC = "MMIDIDX\0\0";
/** Bytes before the sizes. */
export const HEADER_BYTES = 26;

/** Sentences that are checked at a time: an index may be larger than memory. */
const STEP = 1 << 16;

/** An index whose length fits what it says. */
export interface MmapIndex {
  path: string;
  /** File descriptor. */
  file: number;
  type: IntType;
  sentences: number;
}

/** The bytes before the sizes, of an index for so many sentences. */
export function headerOf(type: IntType, sentences: number): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  header.set(new TextEncoder().encode(MAGIC));
  view.setBigUint64(9, 1n, true);
  view.setUint8(17, type.code);
  view.setBigUint64(18, BigInt(sentences), true);
  return header;
}

/**
 * Reads the header of an open index and checks the file's length against it.
 * @param bytes size of the file
 * @throws {UserError} if it is another format or damaged.
 */
export function readHeader(
  path: string,
  file: number,
  bytes: number,
): MmapIndex {
  const header = new Uint8Array(Math.min(bytes, HEADER_BYTES));
  readFully(file, path, header, 0);
  const start = String.fromCharCode(...header.subarray(0, MAGIC.length));
  if (start !== MAGIC.slice(0, start.length)) throw notMmap(path, start);
  if (bytes < HEADER_BYTES) {
    throw damaged(
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
  const type = typeOf(path, view.getUint8(17));
  const sentences = view.getBigUint64(18, true);
  const expected = BigInt(HEADER_BYTES) + 12n * sentences;
  if (BigInt(bytes) !== expected) {
    throw damaged(
      path,
      `its ${sentences} sentences make ${expected} bytes, but it has ${bytes}`,
    );
  }
  return { path, file, type, sentences: Number(sentences) };
}

/**
 * Goes through all sentences of an index and checks that they lie in the data file one after the other, to its end.
 * @param data path and size in bytes of the data file
 * @param visit is given the sizes of the sentences, some thousands at a time, in an array that is used again
 * @throws {UserError} at the first sentence that is elsewhere, or if the two files disagree.
 */
export function checkIndex(
  { path, file, type, sentences }: MmapIndex,
  data: { path: string; bytes: number },
  visit: (sizes: Int32Array) => void,
): void {
  const sizes = new Int32Array(Math.min(STEP, sentences));
  // Halves, low and high: big integers would take most of the time.
  const starts = new Uint32Array(2 * sizes.length);
  let at = 0;
  for (let from = 0; from < sentences; from += STEP) {
    const count = Math.min(STEP, sentences - from);
    const size = sizes.subarray(0, count);
    const start = starts.subarray(0, 2 * count);
    const sizesAt = HEADER_BYTES + 4 * from;
    const startsAt = HEADER_BYTES + 4 * sentences + 8 * from;
    readFully(file, path, new Uint8Array(size.buffer, 0, 4 * count), sizesAt);
    readFully(file, path, new Uint8Array(start.buffer, 0, 8 * count), startsAt);
    for (let i = 0; i < count; i++) {
      if (size[i] < 0) {
        throw damaged(path, `sentence ${from + i} has a size of ${size[i]}`);
      }
      if (
        start[2 * i] !== at >>> 0 ||
        start[2 * i + 1] !== Math.floor(at / 2 ** 32)
      ) {
        const place = new BigInt64Array(start.buffer, 8 * i, 1)[0];
        throw damaged(
          path,
          `sentence ${
            from + i
          } starts at byte ${place} of the data, but those before it end at ${at}`,
        );
      }
      at += size[i] * type.bytes;
      if (at > data.bytes) {
        throw disagreement(
          path,
          data,
          `sentence ${from + i} ends at byte ${at}`,
        );
      }
    }
    visit(size);
  }
  if (at !== data.bytes) {
    throw disagreement(path, data, `the last sentence ends at byte ${at}`);
  }
}

function typeOf(path: string, code: number): IntType {
  const type = INT_TYPES.find((type) => type.code === code);
  if (type) return type;
  throw new UserError(
    code === 6 || code === 7
      ? `Cannot read '${path}' as its data are floating-point numbers (dtype code ${code}), not token ids`
      : `Cannot read '${path}' as its dtype code must be one of ${
        INT_TYPES.map(({ code }) => code).join(", ")
      }: got ${code}`,
  );
}

/** What to say of a file that starts with something else. */
function notMmap(path: string, start: string): UserError {
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

function damaged(path: string, what: string): UserError {
  return new UserError(
    `Cannot read '${path}' as ${what}: the index is damaged, binarise the text again`,
  );
}

function disagreement(
  path: string,
  data: { path: string; bytes: number },
  what: string,
): UserError {
  return new UserError(
    `Cannot read '${path}' as index and data file disagree: ${what}, but '${data.path}' has ${data.bytes} bytes`,
  );
}
