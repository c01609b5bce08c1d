/**
 * Reads a column's pages one after the other, through a window of the file.
 * @module
 */
import { crc32 } from "node:zlib";
import { readFull } from "../file_blocks.ts";
import type { RowGroup } from "./footer.ts";
import { assertParquet } from "./parquet_error.ts";
import { EndOfBytes, readThriftStruct, type ThriftStruct } from "./thrift.ts";

/** A page's header. */
export interface PageHeader {
  kind: "dictionary" | "data" | "data v2";
  /** Values, including nulls. */
  values: number;
  /** Encoding of the values. */
  encoding: number;
  /** First byte of the content in the file. */
  start: number;
  packed: number;
  unpacked: number;
  /** CRC-32 of the content as stored; null where the writer gave none. */
  crc: number | null;
  /**
   * For v2: bytes of the levels, which are never compressed, and whether the
   * rest is.
   */
  levels: number;
  isPacked: boolean;
}

const KINDS = new Map<number, PageHeader["kind"]>([
  [0, "data"],
  [2, "dictionary"],
  [3, "data v2"],
]);
const WINDOW = 1 << 20;
const FIRST_TRY = 1 << 12;
// Some writers put whole values into a header's statistics.
const MAX_HEADER = 1 << 26;

/** Limits of a page, so that a damaged header cannot request all memory. */
const MAX_PAGE = 2 ** 29 - 64;
const MAX_VALUES = 2 ** 26;

/** The pages of a row group. */
export class PageReader {
  #at: number;
  #window: Uint8Array = new Uint8Array();
  #windowStart = 0;
  readonly #file: number;
  readonly #end: number;

  constructor(file: number, { start, end }: RowGroup) {
    this.#file = file;
    this.#at = start;
    this.#end = end;
  }

  /**
   * The header of the next page with values.
   *
   * @throws {ParquetError} if there is none, or it is damaged
   */
  next(): PageHeader {
    for (;;) {
      const { struct, length } = this.#struct();
      const start = this.#at + length;
      const packed = struct.count(3);
      assertParquet(
        packed <= this.#end - start,
        `its pages are cut short: one at byte ${start} has ${packed} bytes`,
      );
      this.#at = start + packed;
      const kind = KINDS.get(struct.count(1));
      if (kind) return header(struct, kind, start);
    }
  }

  /**
   * The content of a page as stored in the file; valid until the next call.
   *
   * @throws {ParquetError} if it does not match its checksum
   */
  content({ start, packed, crc }: PageHeader): Uint8Array {
    const bytes = this.#bytes(start, packed);
    assertParquet(
      crc === null || crc >>> 0 === crc32(bytes),
      "its checksum is not right",
    );
    return bytes;
  }

  #struct(): { struct: ThriftStruct; length: number } {
    for (let tried = FIRST_TRY;; tried *= 4) {
      const length = Math.min(tried, this.#end - this.#at);
      assertParquet(length > 0, "its pages end too early");
      try {
        const { struct, end } = readThriftStruct(this.#bytes(this.#at, length));
        return { struct, length: end };
      } catch (error) {
        if (!(error instanceof EndOfBytes)) throw error;
        if (length < tried || tried >= MAX_HEADER) throw error;
      }
    }
  }

  #bytes(start: number, length: number): Uint8Array {
    const from = start - this.#windowStart;
    if (from < 0 || from + length > this.#window.length) {
      const wanted = Math.min(Math.max(length, WINDOW), this.#end - start);
      // A decoded page is copied into its texts, so the memory can be reused.
      const buffer = this.#window.buffer.byteLength >= wanted
        ? new Uint8Array(this.#window.buffer, 0, wanted)
        : new Uint8Array(wanted);
      this.#window = buffer.subarray(0, readFull(this.#file, buffer, start));
      this.#windowStart = start;
      assertParquet(length <= this.#window.length, "its pages are cut short");
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }
}

function header(
  struct: ThriftStruct,
  kind: PageHeader["kind"],
  start: number,
): PageHeader {
  const [id, encodingId] = kind === "data"
    ? [5, 2]
    : kind === "dictionary"
    ? [7, 2]
    : [8, 4];
  const own = struct.struct(id);
  const v2 = kind === "data v2";
  if (v2) assertParquet(own.count(6) === 0, "its levels do not fit its schema");
  const made = {
    kind,
    values: own.count(1),
    encoding: own.count(encodingId),
    start,
    packed: struct.count(3),
    unpacked: struct.count(2),
    crc: struct.int(4),
    levels: v2 ? own.count(5) : 0,
    isPacked: v2 ? own.flag(7, true) : true,
  };
  assertParquet(
    made.unpacked <= MAX_PAGE && made.values <= MAX_VALUES,
    `a page of ${made.unpacked} bytes at byte ${start} is too large`,
  );
  assertParquet(
    made.levels <= made.packed && made.levels <= made.unpacked,
    "its levels do not fit its page",
  );
  return made;
}
