/**
 * What a worker gets to tokenize at once, and what it returns: plain data that
 * can be sent between threads.
 * @module
 */
import type { LineBlock, TextRecord } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";

/** Consecutive documents, about a megabyte of text, or a part of one. */
export type WorkUnit =
  /** Text files that the worker reads, one document each. */
  | { kind: "files"; files: TextFile[] }
  /** Texts already read. */
  | { kind: "records"; name: string; records: TextRecord[] }
  /** A piece of a long text. */
  | { kind: "piece"; text: string }
  /** Lines of a JSON Lines file. */
  | {
    kind: "lines";
    block: LineBlock;
    field: string;
    name: string;
    mask: DocumentMask;
  }
  /** Rows of a Parquet file that the worker reads. */
  | {
    kind: "rows";
    file: SourceFile;
    first: number;
    rows: number;
    mask: DocumentMask;
  };

/**
 * A text file, the number of its document, and the digest and uncompressed size
 * that it had in the first pass.
 */
export interface TextFile {
  file: SourceFile;
  document: number;
  digest: string;
  unpacked: number;
}

/**
 * 1 for each document of a unit that is used, 0 for others; null if all are.
 */
export type DocumentMask = Uint8Array<ArrayBuffer> | null;

/** The tokens of a unit. */
export interface TokenizedUnit {
  /** Tokens of all documents, one after another. */
  ids: Uint32Array<ArrayBuffer>;
  /** Where each document, or the piece, ends in `ids`. */
  ends: Uint32Array<ArrayBuffer>;
  /** Number of each document, as in the unit; 0 for a piece. */
  documents: Uint32Array<ArrayBuffer>;
  /** UTF-8 bytes of each document. */
  bytes: Float64Array<ArrayBuffer>;
  /** Content hashes, `HASH_BYTES` each, if requested. */
  hashes: Uint8Array<ArrayBuffer> | null;
  /** Largest id; 0 if there are no tokens. */
  maxTokenId: number;
  /** Records without text. */
  unreadable: number;
  /** Why, for the first few of them. */
  reasons: string[];
}

/** Most reasons that are reported. */
export const MAX_REASONS = 5;

/**
 * Frees the memory of arrays that are no longer used. The garbage collector
 * would free it too, but large arrays come so fast that hundreds of megabytes
 * would wait for it in each thread.
 */
export function freeArrays(...arrays: (Uint8Array | Uint32Array)[]): void {
  for (const { buffer } of arrays) (buffer as ArrayBuffer).transfer(0);
}
