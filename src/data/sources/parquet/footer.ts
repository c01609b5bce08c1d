/**
 * Where are the texts in a Parquet file, according to its footer?
 * https://github.com/apache/parquet-format
 * @module
 */
import { readFull } from "../file_blocks.ts";
import { assertParquet, ParquetError } from "./parquet_error.ts";
import { type TextColumn, textColumn } from "./schema.ts";
import {
  readThriftStruct,
  type ThriftStruct,
  TooManyValues,
} from "./thrift.ts";

/** Rows that are stored together. */
export interface RowGroup {
  /** Number of its first row in the file. */
  first: number;
  rows: number;
  /**
   * First byte of the column's pages in the file, and the last possible end.
   */
  start: number;
  end: number;
  /** Number of the codec of its pages, as `unpack()` takes it. */
  codec: number;
  /** Bytes of its pages after decompression. */
  unpacked: number;
}

/** What a footer says about the column of texts. */
export interface Layout {
  column: TextColumn;
  rows: number;
  groups: RowGroup[];
}

const MAGIC = 0x31524150; // PAR1
const MAGIC_ENCRYPTED = 0x45524150; // PARE
const MAX_FOOTER = 2 ** 28;
// Early writers did not count the dictionary's header in a chunk's size.
const SLACK = 128;

/**
 * Reads the footer of an open file.
 *
 * @param size the file's size in bytes
 * @throws {ParquetError} if it is damaged or has no such column of strings
 */
export function readLayout(file: number, size: number, field: string): Layout {
  const { elements, rows, groups } = readFooter(file, size);
  const column = textColumn(elements, field);
  const layout: Layout = { column, rows, groups: [] };
  let first = 0;
  for (const group of groups) {
    // Groups without rows have arbitrary offsets.
    if (group.count(3) === 0) continue;
    const made = rowGroup(group, column, first, size);
    first += made.rows;
    layout.groups.push(made);
  }
  assertParquet(first === rows, "its footer's numbers of rows do not agree");
  return layout;
}

function readFooter(file: number, size: number) {
  const tail = new DataView(new ArrayBuffer(8));
  assertParquet(size >= 12, "it is too short to be Parquet");
  readFull(file, new Uint8Array(tail.buffer), size - 8);
  const magic = tail.getUint32(4, true);
  assertParquet(magic !== MAGIC_ENCRYPTED, "it is encrypted Parquet");
  if (magic !== MAGIC) throw new ParquetError(notParquet(file));
  const length = tail.getUint32(0, true);
  assertParquet(
    length <= size - 12 && length <= MAX_FOOTER,
    `its footer cannot be ${length} bytes long: it is damaged`,
  );
  const bytes = new Uint8Array(length);
  readFull(file, bytes, size - 8 - length);
  try {
    const { struct } = readThriftStruct(bytes);
    return {
      elements: struct.structs(2),
      rows: struct.count(3),
      groups: struct.structs(4),
    };
  } catch (error) {
    if (!(error instanceof ParquetError) || error instanceof TooManyValues) {
      throw error;
    }
    throw new ParquetError("its footer is damaged");
  }
}

function notParquet(file: number): string {
  const head = new DataView(new ArrayBuffer(4));
  readFull(file, new Uint8Array(head.buffer), 0);
  return head.getUint32(0, true) === MAGIC
    ? "its Parquet data are cut short: there is no footer at its end"
    : "it is no Parquet file";
}

function rowGroup(
  group: ThriftStruct,
  { index, path }: TextColumn,
  first: number,
  size: number,
): RowGroup {
  const rows = group.count(3);
  const chunk = group.structs(1)[index];
  assertParquet(chunk !== undefined, "its footer lacks columns");
  assertParquet(!chunk.has(1), "its columns are in other files");
  assertParquet(chunk.has(3) && !chunk.has(8), "it is encrypted Parquet");
  const meta = chunk.struct(3);
  assertParquet(
    meta.texts(3).join(".") === path.join("."),
    "its footer's columns are not in the schema's order",
  );
  const data = meta.count(9);
  const dictionary = meta.count(11, 0);
  const start = dictionary > 0 && dictionary < data ? dictionary : data;
  const packed = meta.count(7);
  assertParquet(
    start >= 4 && start + packed <= size - 8,
    "its footer points to bytes that are not there",
  );
  assertParquet(
    meta.count(5) === rows,
    "its footer's numbers of values do not agree",
  );
  return {
    first,
    rows,
    start,
    end: Math.min(start + packed + SLACK, size - 8),
    codec: meta.count(4),
    unpacked: meta.count(6),
  };
}
