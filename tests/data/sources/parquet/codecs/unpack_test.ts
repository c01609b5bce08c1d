import { assertEquals, assertThrows } from "@std/assert";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { unpack } from "../../../../../src/data/sources/parquet/codecs/unpack.ts";
import { ParquetError } from "../../../../../src/data/sources/parquet/parquet_error.ts";

const utf8 = new TextEncoder();
const SNAPPY = 1;
const LZ4 = 5;
const LZ4_RAW = 7;

Deno.test("unpack() follows snappy's literals and copies of all lengths", () => {
  const long = "x".repeat(70);
  const cases: [number[], string][] = [
    // Length, then a literal of 3 and a copy of 9 from 3 back, over itself.
    [[12, 2 << 2, ...utf8.encode("abc"), (9 - 4) << 2 | 1, 3], "abcabcabcabc"],
    // A two-byte offset, then a four-byte one.
    [[
      8,
      1 << 2,
      ...utf8.encode("ab"),
      1 << 2 | 2,
      2,
      0,
      3 << 2 | 3,
      4,
      0,
      0,
      0,
    ], "abababab"],
    // A literal whose length has a byte of its own.
    [[70, 60 << 2, 69, ...utf8.encode(long)], long],
  ];
  for (const [packed, text] of cases) {
    const out = unpack(Uint8Array.from(packed), SNAPPY, text.length);
    assertEquals(new TextDecoder().decode(out), text);
  }
});

Deno.test("unpack() follows lz4's literals and copies, bare and in Hadoop's frames", () => {
  // Three literals, nine from 3 back, then the last literals.
  const block = [
    3 << 4 | 9 - 4,
    ...utf8.encode("abc"),
    3,
    0,
    2 << 4,
    ...utf8.encode("de"),
  ];
  const text = "abcabcabcabcde";
  const frames = [0, 0, 0, 14, 0, 0, 0, block.length, ...block];
  const longer = [15 << 4, 255, 30, ...utf8.encode("y".repeat(300))];
  const cases: [number, number[], string][] = [
    [LZ4_RAW, block, text],
    [LZ4, block, text],
    [LZ4, [...frames, ...frames], text + text],
    [LZ4_RAW, longer, "y".repeat(300)],
  ];
  for (const [codec, packed, expected] of cases) {
    const out = unpack(Uint8Array.from(packed), codec, expected.length);
    assertEquals(new TextDecoder().decode(out), expected);
  }
});

Deno.test("unpack() refuses pages that do not give just their size", () => {
  const bytes = utf8.encode("some text to pack, and pack, and pack");
  const packed: [number, Uint8Array][] = [
    [0, bytes],
    [2, gzipSync(bytes)],
    [4, brotliCompressSync(bytes)],
    [6, zstdCompressSync(bytes)],
    [
      SNAPPY,
      Uint8Array.from([bytes.length, (bytes.length - 1) << 2, ...bytes]),
    ],
    [LZ4_RAW, Uint8Array.from([15 << 4, bytes.length - 15, ...bytes])],
  ];
  for (const [codec, content] of packed) {
    assertEquals(Uint8Array.from(unpack(content, codec, bytes.length)), bytes);
    for (
      const [wrong, size] of [
        [content, bytes.length - 1],
        [content, bytes.length + 1],
        [content.subarray(0, -3), bytes.length],
      ] as const
    ) {
      assertThrows(
        () => unpack(wrong, codec, size),
        ParquetError,
        "",
        `${codec} ${size}`,
      );
    }
  }
  assertThrows(() => unpack(bytes, 3, 10), ParquetError, "LZO");
});
