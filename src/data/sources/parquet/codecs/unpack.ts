/**
 * Pages unpacked.
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

/** By Parquet's numbers; LZO (3) has no open decoder that it could be tested with. */
const CODECS = new Map<number, { name: string; unpack: Unpack }>([
  [0, { name: "plain", unpack: (bytes) => bytes }],
  [1, { name: "snappy", unpack: unsnappy }],
  [2, { name: "gzip", unpack: native(gunzipSync) }],
  [4, { name: "brotli", unpack: native(brotliDecompressSync) }],
  [5, { name: "lz4", unpack: into(unlz4Hadoop) }],
  [6, { name: "zstd", unpack: native(zstdDecompressSync) }],
  [7, { name: "lz4", unpack: into(unlz4) }],
]);

/** Stops at a codec that cannot be read. */
export function checkCodec(codec: number): void {
  assertParquet(
    CODECS.has(codec),
    `its packing (${
      codec === 3 ? "LZO" : `codec ${codec}`
    }) is not known: write it anew with snappy, zstd, gzip, brotli or lz4`,
  );
}

/**
 * Unpacks a page of `size` bytes.
 * @throws {ParquetError} if it does not give as many.
 */
export function unpack(
  bytes: Uint8Array,
  codec: number,
  size: number,
): Uint8Array {
  checkCodec(codec);
  const { name, unpack } = CODECS.get(codec)!;
  // Decoders are at odds over what is nothing.
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
