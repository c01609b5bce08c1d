import { assertEquals, assertThrows } from "@std/assert";
import { readLengths } from "../../../../src/data/sources/parquet/delta.ts";
import { ParquetError } from "../../../../src/data/sources/parquet/parquet_error.ts";
import { readRleRuns } from "../../../../src/data/sources/parquet/rle.ts";

/**
 * `values` of `width` bits each, the lowest first: with numbers as long as it
 * takes.
 */
function packed(values: number[], width: number): number[] {
  let all = 0n;
  for (const value of values.toReversed()) {
    all = all << BigInt(width) | BigInt(value);
  }
  const bytes = Math.ceil(values.length * width / 8);
  return Array.from(
    { length: bytes },
    (_, i) => Number(all >> BigInt(8 * i) & 255n),
  );
}

function varint(n: number): number[] {
  return n < 128 ? [n] : [n % 128 + 128, ...varint(Math.floor(n / 128))];
}

const zigzag = (n: number) => varint(n >= 0 ? n * 2 : -n * 2 - 1);

Deno.test("readRuns() reads packed numbers of every width, and repeated ones", () => {
  for (let width = 1; width <= 32; width++) {
    const values = Array.from({ length: 48 }, (_, i) => {
      return (i + 1) * 0x9e3779b1 % 2 ** width;
    });
    const repeated = 2 ** width - 1;
    const size = Math.ceil(width / 8);
    const bytes = Uint8Array.from([
      6 << 1 | 1, // six groups of eight
      ...packed(values, width),
      ...varint(100 << 1),
      ...Array.from(
        { length: size },
        (_, i) => Math.floor(repeated / 256 ** i) % 256,
      ),
    ]);
    const out = new Uint32Array(148);
    readRleRuns(bytes, width, out);
    assertEquals([...out.subarray(0, 48)], values, `width ${width}`);
    assertEquals(out.subarray(48).every((n) => n === repeated), true);
    // A part of a group is enough where no more is asked for.
    const some = new Uint32Array(43);
    readRleRuns(bytes, width, some);
    assertEquals([...some], values.slice(0, 43));
    assertThrows(
      () => readRleRuns(bytes.subarray(0, -1), width, new Uint32Array(148)),
      ParquetError,
    );
  }
});

Deno.test("readRuns() refuses runs that do not fill what is asked for", () => {
  const endless = Uint8Array.from([0, 0, 0, 0]);
  assertThrows(() => readRleRuns(endless, 8, new Uint32Array(9)), ParquetError);
  const head = new Uint8Array(9).fill(255);
  assertThrows(() => readRleRuns(head, 1, new Uint32Array(9)), ParquetError);
});

Deno.test("readLengths() adds differences up, and says where they end", () => {
  const lengths = Array.from({ length: 200 }, (_, i) => i * i * 37 % 1009);
  const bytes: number[] = [
    ...varint(128),
    ...varint(4),
    ...varint(200),
    ...zigzag(lengths[0]),
  ];
  for (let from = 1; from < 200; from += 128) {
    const block = Array.from({ length: 128 }, (_, i) => {
      const at = from + i;
      return at < 200 ? lengths[at] - lengths[at - 1] : 0;
    });
    const least = Math.min(...block);
    bytes.push(...zigzag(least), 11, 11, 11, 11);
    // Of the last block, what holds no value is not written.
    const written = Math.ceil(Math.min(128, 200 - from) / 32) * 32;
    bytes.push(...packed(block.slice(0, written).map((n) => n - least), 11));
  }
  const read = readLengths(Uint8Array.from([...bytes, 1, 2, 3]), 0, 200);
  assertEquals([...read.lengths], lengths);
  assertEquals(read.end, bytes.length);
  for (
    const [wrong, count] of [
      [bytes, 199],
      [bytes.slice(0, -1), 200],
      [[...varint(128), 4, 1, ...zigzag(-1)], 1],
      [[0, 0, 1, 0], 1],
      [[...varint(128), 0, 1, 0], 1],
    ] as [number[], number][]
  ) {
    assertThrows(
      () => readLengths(Uint8Array.from(wrong), 0, count),
      ParquetError,
    );
  }
});
