/**
 * Reads Parquet files as documents, one document per row.
 *
 * The reason for this reader is memory: it holds one page and one dictionary,
 * where libraries hold row groups. A row group of 153 MB costs 125 MB of
 * resident memory here and 314 MB in hyparquet 1.31.5, where it grows with the
 * group; pyarrow puts 1 Mi rows into a group by default. The page loop also
 * compares page checksums (CRC-32), turns a damaged page into bad rows instead
 * of ending at it, and does not decode rows that are not wanted.
 * docs/decisions/0004-own-parquet-reader.md has the comparison.
 * @module
 */
import { closeSync } from "node:fs";
import type { RowFilter, TextRecord } from "../parse_lines.ts";
import type { SourceFile } from "../source_file.ts";
import { checkCodec } from "./codecs/unpack.ts";
import type { RowGroup } from "./footer.ts";
import { groupRows } from "./group_rows.ts";
import { type OpenParquet, openParquet, outward } from "./open_layout.ts";
import { PageReader } from "./page_reader.ts";
import { assertParquet } from "./parquet_error.ts";

/** The row groups of a file that have rows. */
export interface ParquetRows {
  rows: number;
  groups: { first: number; rows: number }[];
}

/**
 * What a file's footer says about its rows.
 *
 * @throws {UserError} if it cannot be read
 * @throws {UnreadableError} if it is damaged or has no such column of strings
 */
export function parquetRows(file: SourceFile): Promise<ParquetRows> {
  return withFile(file, ({ layout: { rows, groups } }) => ({
    rows,
    groups: groups.map(({ first, rows }) => ({ first, rows })),
  }));
}

/**
 * Checks what can be checked without decompression: the footer, and that the
 * headers of the column's pages agree with it.
 *
 * @returns the number of rows, and the decompressed bytes of the column's pages
 * @throws as {@linkcode parquetRows} does
 */
export function inspectRows(
  file: SourceFile,
): Promise<{ rows: number; unpacked: number }> {
  return withFile(file, ({ number, layout: { rows, groups } }) => {
    let unpacked = 0;
    for (const group of groups) {
      checkCodec(group.codec);
      checkPages(number, group);
      unpacked += group.unpacked;
    }
    return { rows, unpacked };
  });
}

function checkPages(file: number, group: RowGroup): void {
  const pages = new PageReader(file, group);
  let rows = 0;
  while (rows < group.rows) {
    const { kind, values } = pages.next();
    if (kind !== "dictionary") rows += values;
  }
  assertParquet(
    rows === group.rows,
    "its pages hold more rows than its footer says",
  );
}

// Far fewer rows than a page may have, so that large texts are released soon.
const BATCH_ROWS = 1024;
const BATCH_UNITS = 1 << 20;

/**
 * Up to `rows` rows from `first` on, except those that `keep` declines, in
 * batches of about 1 MiB. The rows of a damaged page are bad.
 *
 * @throws as {@linkcode parquetRows} does
 */
export async function* readParquet(
  file: SourceFile,
  first: number,
  rows: number,
  keep: RowFilter = () => true,
): AsyncGenerator<TextRecord[]> {
  const { number, layout } = openParquet(file);
  const end = first + rows;
  const has = (row: number) => row >= first && row < end && keep(row);
  let batch: TextRecord[] = [];
  let units = 0;
  try {
    for (const group of layout.groups) {
      if (group.first + group.rows <= first || group.first >= end) continue;
      for (const row of groupRows(number, layout.column, group, { end, has })) {
        batch.push(row);
        units += "text" in row ? row.text.length : 0;
        if (batch.length < BATCH_ROWS && units < BATCH_UNITS) continue;
        yield batch;
        batch = [];
        units = 0;
      }
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    throw outward(file, error);
  } finally {
    closeSync(number);
  }
}

// deno-lint-ignore require-await -- so that a fault rejects instead of throwing
async function withFile<T>(
  file: SourceFile,
  work: (opened: OpenParquet) => T,
): Promise<T> {
  const opened = openParquet(file);
  try {
    return work(opened);
  } catch (error) {
    throw outward(file, error);
  } finally {
    closeSync(opened.number);
  }
}
