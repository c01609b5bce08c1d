/** Writes the same documents in every file format. @module */
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { SourceFile } from "../../data/sources/source_file.ts";
import type { Peers } from "../peers/data_libraries.ts";
import type { BenchText } from "./text.ts";

/** The documents in one file format. */
export interface BenchSource {
  /** Name of the format in tables. */
  name: string;
  files: SourceFile[];
  /** Bytes on disk, compressed. */
  packed: number;
}

const FIELD = "text";

/**
 * Writes the sources into a folder; Parquet only if its library is available.
 */
export function writeBenchSources(
  { documents }: BenchText,
  folder: string,
  { writer }: Peers,
): BenchSource[] {
  const file = (
    name: string,
    bytes: Uint8Array,
    form: Pick<SourceFile, "format" | "compression">,
  ): SourceFile => {
    const path = join(folder, name);
    Deno.writeFileSync(path, bytes);
    return { name, path, bytes: bytes.length, field: FIELD, ...form };
  };
  const source = (name: string, ...files: SourceFile[]): BenchSource => ({
    name,
    files,
    packed: files.reduce((sum, { bytes }) => sum + bytes, 0),
  });
  const utf8 = new TextEncoder();
  const texts = documents.map((document, i) =>
    file(`${i}.txt`, utf8.encode(document), {
      format: "text",
      compression: "none",
    })
  );
  const lines = utf8.encode(
    documents.map((text) => JSON.stringify({ [FIELD]: text }) + "\n").join(""),
  );
  const jsonl = { format: "jsonl" } as const;
  const sources = [
    source("text files", ...texts),
    source(
      "JSON Lines",
      file("lines.jsonl", lines, { ...jsonl, compression: "none" }),
    ),
    source(
      "JSON Lines, gzip",
      file("lines.jsonl.gz", gzipSync(lines), {
        ...jsonl,
        compression: "gzip",
      }),
    ),
    source(
      "JSON Lines, zstd",
      file("lines.jsonl.zst", zstdCompressSync(lines), {
        ...jsonl,
        compression: "zstd",
      }),
    ),
  ];
  if (!writer) return sources;
  for (const codec of ["snappy", "zstd"]) {
    const buffer = writer.parquetWriteBuffer({
      columnData: [{ name: FIELD, data: documents, type: "STRING" }],
      codec: codec.toUpperCase(),
      compressors: { ZSTD: (bytes: Uint8Array) => zstdCompressSync(bytes) },
      // The row group size of Hugging Face's `datasets`.
      rowGroupSize: 1000,
    });
    sources.push(
      source(
        `Parquet, ${codec}`,
        file(`${codec}.parquet`, new Uint8Array(buffer), {
          format: "parquet",
          compression: "none",
        }),
      ),
    );
  }
  return sources;
}
