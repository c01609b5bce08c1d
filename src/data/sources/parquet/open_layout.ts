/**
 * Opens Parquet files and caches the footers of the last few.
 * @module
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import { systemCode } from "../../../errors.ts";
import type { SourceFile } from "../source_file.ts";
import { cannotRead, UnreadableError } from "../unreadable_error.ts";
import { type Layout, readLayout } from "./footer.ts";
import { assertParquet, ParquetError } from "./parquet_error.ts";

/** A file open for reading; the caller closes it. */
export interface OpenParquet {
  number: number;
  layout: Layout;
}

// A file is opened once per row group, of which there may be many.
const remembered = new Map<string, Layout>();
const REMEMBERED = 4;

/**
 * Opens a file and reads its footer.
 *
 * @throws {UserError} if it cannot be read
 * @throws {UnreadableError} if it is damaged or has no column of texts
 */
export function openParquet(file: SourceFile): OpenParquet {
  let number: number | undefined;
  try {
    assertParquet(
      file.compression === "none",
      "Parquet compresses its columns itself: decompress the file",
    );
    number = openSync(file.path, "r");
    const { size, mtimeMs, ino, dev } = fstatSync(number);
    const key = [file.path, file.field, size, mtimeMs, ino, dev].join("\n");
    const layout = remembered.get(key) ?? readLayout(number, size, file.field);
    remembered.delete(key);
    remembered.set(key, layout);
    const oldest = remembered.keys().next().value!;
    if (remembered.size > REMEMBERED) remembered.delete(oldest);
    return { number, layout };
  } catch (error) {
    if (number !== undefined) closeSync(number);
    throw outward(file, error);
  }
}

/** The error to report for an error inside this file. */
export function outward({ name }: SourceFile, error: unknown): unknown {
  if (error instanceof ParquetError) {
    return new UnreadableError(name, error.message);
  }
  return systemCode(error) === null ? error : cannotRead(name, error);
}
