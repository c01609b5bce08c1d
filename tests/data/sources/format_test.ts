import { assertEquals } from "@std/assert";
import { formatOf } from "../../../src/data/sources/mod.ts";

Deno.test("formatOf() goes by the extensions, whatever their case", () => {
  const cases: [string, string, string][] = [
    ["a.txt", "text", "none"],
    ["README", "text", "none"],
    ["a.jsonl", "jsonl", "none"],
    ["a.NDJSON", "jsonl", "none"],
    ["dir.parquet/a.json", "jsonl", "none"],
    ["a.txt.gz", "text", "gzip"],
    ["a.jsonl.zst", "jsonl", "zstd"],
    ["a.json.zstd", "jsonl", "zstd"],
    ["a.gzip", "text", "gzip"],
    ["a.parquet", "parquet", "none"],
    ["a.pq", "parquet", "none"],
    ["a.gz.txt", "text", "none"],
    ["a.constructor", "text", "none"],
    ["jsonl", "text", "none"],
  ];
  for (const [name, format, compression] of cases) {
    assertEquals(formatOf(name), { format, compression } as never, name);
  }
});

Deno.test("formatOf() lets the format be forced, not the compression", () => {
  assertEquals(formatOf("a.txt.gz", "jsonl"), {
    format: "jsonl",
    compression: "gzip",
  });
  assertEquals(formatOf("a.jsonl", "text").format, "text");
  assertEquals(formatOf("a.jsonl", null).format, "jsonl");
});
