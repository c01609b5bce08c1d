/**
 * What a worker gets to tokenise at once, and what it gives back: plain data, for the way between threads.
 * @module
 */
import type { LineBlock, TextRecord } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";

/** Some documents that follow each other, about a megabyte of text, or a part of one. */
export type WorkUnit =
  /** Text files, to be read by the worker: a document each. */
  | { kind: "files"; files: TextFile[] }
  /** Texts as they are. */
  | { kind: "records"; name: string; records: TextRecord[] }
  /** A part of a long text, where it may be cut. */
  | { kind: "piece"; text: string }
  /** Lines of a JSON Lines file. */
  | {
    kind: "lines";
    block: LineBlock;
    field: string;
    name: string;
    mask: DocumentMask;
  }
  /** Rows of a Parquet file, to be read by the worker. */
  | {
    kind: "rows";
    file: SourceFile;
    first: number;
    rows: number;
    mask: DocumentMask;
  };

/** A text file, the number of its document, and the digest and the size, unpacked, that it had. */
export interface TextFile {
  file: SourceFile;
  document: number;
  digest: string;
  unpacked: number;
}

/** 1 for each document of a unit that is used, 0 for the others; null where all are. */
export type DocumentMask = Uint8Array<ArrayBuffer> | null;

/** The tokens of a unit. */
export interface TokenizedUnit {
  /** Of all its documents, one after the other. */
  ids: Uint32Array<ArrayBuffer>;
  /** Where each document ends in `ids`; for a piece, where it does. */
  ends: Uint32Array<ArrayBuffer>;
  /** Each document's number, as the unit has it; 0 for a piece. */
  documents: Uint32Array<ArrayBuffer>;
  /** Bytes of UTF-8 of each. */
  bytes: Float64Array<ArrayBuffer>;
  /** Content hashes, `HASH_BYTES` each, where asked for. */
  hashes: Uint8Array<ArrayBuffer> | null;
  /** Largest id, 0 without any. */
  maxTokenId: number;
  /** Records without text. */
  unreadable: number;
  /** Why, with the file's name, for the first few of these. */
  reasons: string[];
}

/** Most reasons that anyone is told. */
export const MAX_REASONS = 5;

/**
 * Gives back the memory of arrays that are done with. The collector would, but large ones come so fast that hundreds of
 * megabytes wait for it in each thread.
 */
export function freeArrays(...arrays: (Uint8Array | Uint32Array)[]): void {
  for (const { buffer } of arrays) (buffer as ArrayBuffer).transfer(0);
}
