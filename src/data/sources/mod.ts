/**
 * Files that hold documents: found, inspected and read.
 * @module
 */
export { openBytes } from "./compression/open_decompressed.ts";
export { type FindOptions, findSources } from "./find_sources.ts";
export { formatOf } from "./format.ts";
export {
  scanFile as inspectFile,
  type ScanFileOptions as InspectFileOptions,
} from "./scan_file.ts";
export {
  jsonLines,
  type JsonLinesOptions,
  type LineBlock,
} from "./json_lines.ts";
export { type Parsed, parseLines, type RowFilter } from "./parse_lines.ts";
export {
  type ParquetRows,
  parquetRows,
  readParquet,
} from "./parquet/read_rows.ts";
export type {
  Bad,
  Compression,
  FileFacts,
  Format,
  SourceFile,
} from "./source_file.ts";
export { cannotRead, UnreadableError } from "./unreadable_error.ts";
