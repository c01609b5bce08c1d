/**
 * A file that holds documents, as its readers see it.
 * @module
 */

/** How documents are stored in a file. */
export type Format =
  /** The whole file is one document. */
  | "text"
  /** One JSON object per line. */
  | "jsonl"
  /** One document per row. */
  | "parquet";

/** How the file is compressed. Parquet compresses inside its format. */
export type Compression = "none" | "gzip" | "zstd";

/**
 * A file to read documents from; plain data, so that it can be sent to a
 * worker.
 */
export interface SourceFile {
  /** Shown to the user; says nothing about the content. */
  name: string;
  /** Real path. */
  path: string;
  /** Size on disk when it was found; for progress only. */
  bytes: number;
  format: Format;
  compression: Compression;
  /** Field or column of the text; unused for text files. */
  field: string;
  /** Whether the user named this very file, not a folder or a glob. */
  named?: boolean;
}

/**
 * What the first pass over a file finds. Its keys are keys of
 * `inspected.jsonl`, the cache of scans.
 */
export interface FileScan {
  /** SHA-256 of the file on disk, in hexadecimal. */
  digest: string;
  /**
   * Number of documents, readable or not: lines that are not blank, rows, or 1.
   */
  documents: number;
  /** Bytes that the second pass will read, uncompressed; for progress only. */
  unpacked: number;
  /**
   * Why nothing, or nothing after the first `documents`, can be read, as a
   * clause that follows `Cannot read '<name>' as `; `UnreadableError` makes the
   * sentence. Null for a whole file.
   */
  fault: string | null;
  /** For text files: why the file is not a text, instead of `fault`. */
  not?: "binary" | "undecodable";
  /** The encoding that a file which is not UTF-8 seems to have. */
  encoding?: "UTF-16" | "UTF-16LE" | "UTF-16BE" | "UTF-32";
  /**
   * Why the system does not let us read the file, instead of `fault`, as a
   * clause that follows `Cannot read '<name>': `.
   */
  unopened?: string;
}

/** Takes the place of a text in a record that has none. */
export interface BadRecord {
  /**
   * Why, for the user, starting with "line 12 …" or "row 12 …"; the file's name
   * is put in front.
   */
  reason: string;
}
