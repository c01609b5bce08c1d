/**
 * Files that hold documents: how they are found, scanned and read.
 * @module
 */
export { openBytes } from "./compression/open_decompressed.ts";
export {
  type FindOptions,
  findSources,
  type FoundSources,
  LEAVE_OUT,
  type Unopened,
} from "./find_sources.ts";
export { formatOf } from "./format.ts";
export { scanFile, type ScanFileOptions } from "./scan_file.ts";
export {
  jsonLines,
  type JsonLinesOptions,
  type LineBlock,
} from "./json_lines.ts";
export { parseLines, type RowFilter, type TextRecord } from "./parse_lines.ts";
export {
  type ParquetRows,
  parquetRows,
  readParquet,
} from "./parquet/read_rows.ts";
export type {
  BadRecord,
  Compression,
  FileScan,
  Format,
  SourceFile,
} from "./source_file.ts";
export {
  AccessError,
  cannotRead,
  UnreadableError,
} from "./unreadable_error.ts";
