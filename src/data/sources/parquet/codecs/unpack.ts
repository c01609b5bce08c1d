/**
 * Decompresses pages.
 * @module
 */
import {
  brotliDecompressSync,
  gunzipSync,
  zstdDecompressSync,
} from "node:zlib";
import { assertParquet, ParquetError } from "../parquet_error.ts";
import { unlz4, unlz4Hadoop } from "./lz4.ts";
import { unsnappy } from "./snappy.ts";

type Unpack = (bytes: Uint8Array, size: number) => Uint8Array;

/**
 * By Parquet's numbers. LZO (3) is missing: there is no open decoder to test
 * with.
 */
const CODECS = new Map<number, { name: string; unpack: Unpack }>([
  [0, { name: "plain", unpack: (bytes) => bytes }],
  [1, { name: "snappy", unpack: unsnappy }],
  [2, { name: "gzip", unpack: native(gunzipSync) }],
  [4, { name: "brotli", unpack: native(brotliDecompressSync) }],
  [5, { name: "lz4", unpack: into(unlz4Hadoop) }],
  [6, { name: "zstd", unpack: native(zstdDecompressSync) }],
  [7, { name: "lz4", unpack: into(unlz4) }],
]);

/** @throws {ParquetError} for a codec that cannot be read */
export function checkCodec(codec: number): void {
  assertParquet(
    CODECS.has(codec),
    `its compression (${
      codec === 3 ? "LZO" : `codec ${codec}`
    }) is not supported: write it again with snappy, zstd, gzip, brotli or lz4`,
  );
}

/**
 * Decompresses a page of `size` bytes.
 *
 * @throws {ParquetError} if it has another size
 */
export function unpack(
  bytes: Uint8Array,
  codec: number,
  size: number,
): Uint8Array {
  checkCodec(codec);
  const { name, unpack } = CODECS.get(codec)!;
  // Decoders disagree about the compressed form of nothing.
  if (size === 0) return new Uint8Array();
  let unpacked: Uint8Array;
  try {
    unpacked = unpack(bytes, size);
  } catch (error) {
    if (error instanceof ParquetError) throw error;
    throw new ParquetError(`its ${name} data are damaged`);
  }
  assertParquet(unpacked.length === size, `its ${name} data are damaged`);
  return unpacked;
}

function into(decode: (bytes: Uint8Array, out: Uint8Array) => void): Unpack {
  return (bytes, size) => {
    const out = new Uint8Array(size);
    decode(bytes, out);
    return out;
  };
}

function native(
  decode: (
    bytes: Uint8Array,
    options: { maxOutputLength: number },
  ) => Uint8Array,
): Unpack {
  return (bytes, size) => decode(bytes, { maxOutputLength: size + 1 });
}
