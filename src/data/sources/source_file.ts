/**
 * What the readers are told of a file that holds documents.
 * @module
 */

/** How documents lie in a file. */
export type Format =
  /** The whole file is one document. */
  | "text"
  /** A JSON object a line. */
  | "jsonl"
  /** A row each. */
  | "parquet";

/** How the file's bytes are packed; Parquet does that inside. */
export type Compression = "none" | "gzip" | "zstd";

/** A file to read documents from; plain data, so that it can be sent to a worker. */
export interface SourceFile {
  /** Shown to the reader and part of the fingerprint. */
  name: string;
  /** Real path. */
  path: string;
  /** Size on disk when it was found; for progress only. */
  bytes: number;
  format: Format;
  compression: Compression;
  /** Field or column of the text; unused for text files. */
  field: string;
}

/** What the first reading of a file finds. */
export interface FileFacts {
  /** SHA-256 of the file as it lies on disk, in hexadecimal. */
  digest: string;
  /** Documents in it, readable or not: lines that are not blank, rows, or 1. */
  documents: number;
  /** Bytes that the second reading will go through, unpacked; for progress only. */
  unpacked: number;
  /**
   * Why nothing, or nothing after the first `documents`, can be read, as a
   * clause for the user that follows `Cannot read '<name>' as `: `UnreadableError`
   * in `unreadable.ts` makes the sentence. Null for a whole file.
   */
  fault: string | null;
  /** For text files: why it is no text, in place of `fault`. */
  not?: "binary" | "undecodable";
}

/** A record that has no text, in place of the text. */
export interface Bad {
  /** Why, for the user, from "line 12 …" or "row 12 …" on; the file's name is put before it. */
  reason: string;
}
