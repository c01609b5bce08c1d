/**
 * Writes Parquet files of one column, in the simplest way the format allows:
 * enough to test the reader.
 */
import { Buffer } from "node:buffer";

/**
 * A field of a Thrift struct: its number, and a value that implies its type.
 */
type Field = [number, number | bigint | string | Field[] | FieldList];
interface FieldList {
  of: (number | string | Field[])[];
}

function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return [...bytes, Number(left)];
}

const isStruct = (value: unknown): value is Field[] => Array.isArray(value);

/** i32 for numbers, i64 for bigints, binary for strings. */
function typeOf(value: Field[1]): number {
  if (typeof value === "number") return 5;
  if (typeof value === "bigint") return 6;
  if (typeof value === "string") return 8;
  return isStruct(value) ? 12 : 9;
}

/** Thrift's compact protocol. */
function encode(value: Field[1]): number[] {
  if (typeof value === "number" || typeof value === "bigint") {
    return varint(BigInt(value) * 2n);
  }
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    return [...varint(bytes.length), ...bytes];
  }
  if (isStruct(value)) {
    let last = 0;
    const bytes = value.flatMap(([id, field]) => {
      const head = ((id - last) << 4) | typeOf(field);
      last = id;
      return [head, ...encode(field)];
    });
    return [...bytes, 0];
  }
  const { of } = value;
  const type = of.length > 0 ? typeOf(of[0]) : 12;
  const head = of.length < 15
    ? [(of.length << 4) | type]
    : [0xf0 | type, ...varint(of.length)];
  return [...head, ...of.flatMap(encode)];
}

function pageOf(values: Uint8Array[]): Uint8Array {
  const parts = values.flatMap((bytes) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length, true);
    return [length, bytes];
  });
  const data = Buffer.concat(parts);
  const header = encode([
    [1, 0],
    [2, data.length],
    [3, data.length],
    [5, [[1, values.length], [2, 0], [3, 3], [4, 3]]],
  ]);
  return Buffer.concat([Uint8Array.from(header), data]);
}

/**
 * A file with the column `text`, uncompressed, with row groups of pages of
 * values.
 */
export function parquetOf(groups: Uint8Array[][][]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("PAR1")];
  let at = 4;
  let rows = 0;
  const metadata = groups.map((pages): Field[] => {
    const start = BigInt(at);
    const count = pages.reduce((sum, page) => sum + page.length, 0);
    for (const page of pages.map(pageOf)) {
      parts.push(page);
      at += page.length;
    }
    rows += count;
    const size = BigInt(at) - start;
    const column: Field[] = [
      [1, 6],
      [2, { of: [0] }],
      [3, { of: ["text"] }],
      [4, 0],
      [5, BigInt(count)],
      [6, size],
      [7, size],
      [9, start],
    ];
    return [
      [1, { of: [[[2, start], [3, column]]] }],
      [2, size],
      [3, BigInt(count)],
    ];
  });
  const footer = Uint8Array.from(encode([
    [1, 1],
    [2, { of: [[[4, "root"], [5, 1]], [[1, 6], [3, 0], [4, "text"], [6, 0]]] }],
    [3, BigInt(rows)],
    [4, { of: metadata }],
  ]));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, footer.length, true);
  return Buffer.concat([...parts, footer, length, Buffer.from("PAR1")]);
}
