/**
 * Small hostile inputs that claim a lot: each is refused or read, at once and
 * in little memory. These are the cases in which hyparquet's decoders are not
 * bounded, see docs/decisions/0004-own-parquet-reader.md.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { readLengths } from "../../../../src/data/sources/parquet/delta.ts";
import { ParquetError } from "../../../../src/data/sources/parquet/parquet_error.ts";
import { readRleRuns } from "../../../../src/data/sources/parquet/rle.ts";
import { readThriftStruct } from "../../../../src/data/sources/parquet/thrift.ts";
import { readValues } from "../../../../src/data/sources/parquet/values.ts";

const LIMIT_MS = 1000;

const varint = (n: number): number[] =>
  n < 128 ? [n] : [n % 128 + 128, ...varint(Math.floor(n / 128))];

/**
 * `first`, then `count - 1` times `rest`, as DELTA_BINARY_PACKED writes
 * lengths.
 */
function lengths(first: number, rest: number, count: number): number[] {
  const bytes = [...varint(128), 4, ...varint(count), ...varint(first * 2)];
  const step = rest - first;
  const least = Math.min(0, step);
  bytes.push(...varint(-least * 2 - (least < 0 ? 1 : 0)), 32, 32, 32, 32);
  for (let i = 0; i < 128; i++) {
    const above = (i === 0 ? step : 0) - least;
    bytes.push(...new Uint8Array(Uint32Array.of(above).buffer));
  }
  // No difference in the blocks that follow.
  for (let at = 129; at < count; at += 128) bytes.push(0, 0, 0, 0, 0);
  return bytes;
}

function inTime<T>(work: () => T): T {
  const start = performance.now();
  const result = work();
  const ms = performance.now() - start;
  assert(ms < LIMIT_MS, `took ${ms} ms`);
  return result;
}

Deno.test("readRuns() does not count to what a run claims", () => {
  const out = new Uint32Array(10);
  // 2^31 - 1 repetitions of 1, of which ten are wanted.
  inTime(() =>
    readRleRuns(Uint8Array.from([...varint(2 ** 32 - 2), 1]), 1, out)
  );
  assertEquals([...out], new Array(10).fill(1));
  // 2^28 - 1 packed groups in 64 bytes.
  const packed = [...varint((2 ** 28 - 1) * 2 + 1), ...new Array(64).fill(255)];
  inTime(() => readRleRuns(Uint8Array.from(packed), 1, out));
  assertThrows(
    () => readRleRuns(new Uint8Array(300).fill(3), 200, out),
    ParquetError,
  );
});

Deno.test("readStruct() allocates no more than its bytes can hold", () => {
  // 30 lists, one in the other, of 33 million items each, in 151 bytes.
  const lists = [0x19];
  for (let i = 0; i < 30; i++) lists.push(0xf9, ...varint(33_000_000));
  // An integer of a million bytes.
  const long = new Uint8Array(1 << 20).fill(0xff);
  long[0] = 0x16;
  // Structs, one in the other.
  const deep = new Uint8Array(200_000).fill(0x1c);
  // Ten bytes are the most of a varint of 64 bits.
  const padded = [0x15, 0x94, ...new Array(11).fill(0x80), 0, 0];
  for (const bytes of [lists, long, deep, padded]) {
    inTime(() =>
      assertThrows(() => readThriftStruct(Uint8Array.from(bytes)), ParquetError)
    );
  }
});

Deno.test("readThriftStruct() holds a bounded number of values", () => {
  // A list of empty structs, one byte each.
  const list = (size: number) => {
    const bytes = new Uint8Array(size + 16);
    bytes.set([0x29, 0xfc, ...varint(size)]);
    return bytes;
  };
  assertEquals(
    readThriftStruct(list(100_000)).struct.structs(2).length,
    100_000,
  );
  assertThrows(
    () => readThriftStruct(list(5_000_000)),
    ParquetError,
    "a header in it has more than 4000000 values",
  );
});

Deno.test("readStruct() does not shorten numbers to 32 bits", () => {
  const bytes = [0x15, ...varint((2 ** 32 + 10) * 2), 0];
  const { struct } = readThriftStruct(Uint8Array.from(bytes));
  assertEquals(struct.count(1), 2 ** 32 + 10);
});

Deno.test("readLengths() refuses counts and widths that do not fit", () => {
  const cases: [number[], number][] = [
    // Another count than the page's.
    [[...varint(128), 4, 5, 0, 2, 0, 0, 0, 0], 8],
    // 2^31 - 1 miniblocks.
    [[...varint(128), ...varint(2 ** 31 - 1), 8, 0, 2, 0, 0, 0, 0], 8],
    // Differences of 250 bits.
    [
      [...varint(128), 4, 33, 0, 2, 250, 0, 0, 0, ...new Array(2000).fill(0)],
      33,
    ],
  ];
  for (const [bytes, count] of cases) {
    inTime(() =>
      assertThrows(
        () => readLengths(Uint8Array.from(bytes), 0, count),
        ParquetError,
      )
    );
  }
});

Deno.test("readValues() reads nothing behind its page", () => {
  const memory = new TextEncoder().encode("....the first the next page");
  new DataView(memory.buffer).setUint32(0, 20, true);
  const values = readValues(memory.subarray(0, 13), 0, 1);
  assertThrows(() => values.next(), ParquetError);
});

Deno.test("readValues() holds one value at a time, however often it is repeated", () => {
  const count = 5000, size = 200_000;
  // A gigabyte of values in 200 kB: each repeats the first as its prefix.
  const bytes = Uint8Array.from([
    ...lengths(0, size, count),
    ...lengths(size, 0, count),
    ...new Array(size).fill(65),
  ]);
  assert(bytes.length < 210_000, `${bytes.length} bytes`);
  const before = Deno.memoryUsage();
  const values = readValues(bytes, 7, count);
  for (let i = 0; i < count; i++) assertEquals(values.next().length, size);
  const { rss, external } = Deno.memoryUsage();
  assert(
    external - before.external < 50e6,
    `${external} bytes outside the heap`,
  );
  assert(rss - before.rss < 200e6, `${rss - before.rss} bytes more`);
});
