/** Helpers for the tests of the readers. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  formatOf,
  jsonLines,
  parseLines,
  readParquet,
  type SourceFile,
  type TextRecord,
} from "../../../src/data/sources/mod.ts";

/** Files written with real tools; see their README. */
export const FIXTURES = fileURLToPath(
  new URL("../../data/sources/fixtures/", import.meta.url),
);

/** A file to read, with the format that its name implies. */
export function source(path: string, field = "text"): SourceFile {
  const name = path.split("/").at(-1)!;
  const { size } = Deno.statSync(path);
  return { name, path, bytes: size, ...formatOf(name), field };
}

/**
 * Runs `work` with a function that writes files into a folder, then removes the
 * folder.
 */
export async function withFolder(
  work: (
    write: (name: string, content: Uint8Array | string) => SourceFile,
  ) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "blocksmith-test-" });
  try {
    await work((name, content) => {
      const path = join(folder, name);
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      Deno.writeFileSync(path, bytes);
      return source(path);
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Joins byte arrays. */
export function concatenated(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** All documents of a JSON Lines file. */
export async function lineRecords(file: SourceFile): Promise<TextRecord[]> {
  const records: TextRecord[] = [];
  for await (const block of jsonLines(file)) {
    records.push(...parseLines(block, file.field));
  }
  return records;
}

/** Rows of a Parquet file. */
export async function rowRecords(
  file: SourceFile,
  first: number,
  rows: number,
  keep?: (row: number) => boolean,
): Promise<TextRecord[]> {
  const records: TextRecord[] = [];
  for await (const batch of readParquet(file, first, rows, keep)) {
    records.push(...batch);
  }
  return records;
}

/** The text, or why there is none. */
export function shown(record: TextRecord): string {
  return "text" in record ? record.text : `! ${record.reason}`;
}
