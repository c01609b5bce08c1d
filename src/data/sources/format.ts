/**
 * What a file's name says about its content.
 * @module
 */
import type { Compression, Format } from "./source_file.ts";

const FORMATS: Record<string, Format> = {
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "jsonl",
  parquet: "parquet",
  pq: "parquet",
};

const COMPRESSIONS: Record<string, Compression> = {
  gz: "gzip",
  gzip: "gzip",
  zst: "zstd",
  zstd: "zstd",
};

/**
 * How a file is to be read, by its extensions: `a.jsonl.gz` is JSON Lines
 * compressed by gzip; unknown extensions mean text.
 * @param forced replaces the format, not the compression
 */
export function formatOf(
  name: string,
  forced?: Format | null,
): { format: Format; compression: Compression } {
  const extensions = name.toLowerCase().replace(/^.*[/\\]/, "").split(".")
    .slice(1);
  const compression = lookup(COMPRESSIONS, extensions.at(-1)) ?? "none";
  if (compression !== "none") extensions.pop();
  const format = forced ?? lookup(FORMATS, extensions.at(-1)) ?? "text";
  return { format, compression };
}

function lookup<T>(table: Record<string, T>, key = ""): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
