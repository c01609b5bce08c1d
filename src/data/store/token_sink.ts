/**
 * Where tokens go: the prepared form of a text, written front to back.
 * @module
 */

/** The two splits of prepared data. */
export type SplitName = "train" | "valid";

/** How far a sink is, as plain data: what is needed to cut its files back and go on. */
export type SinkState = Record<string, number | string | number[]>;

/** What became of a document. */
export interface DocumentEnd {
  /** Its tokens. */
  tokens: number;
  /** Chunks made of it; for formats without chunks, 1. */
  sequences: number;
}

/**
 * Takes documents one after the other, each as some pieces of tokens and an
 * end. Equal documents give equal bytes, whatever the pieces and pauses.
 */
export interface TokenSink {
  /** Adds the next tokens of the current document of a split. */
  push(split: SplitName, ids: Uint32Array): void;
  /** Ends the current document. */
  endDocument(split: SplitName): DocumentEnd;
  /** Writes what is held back, waits until the disk has it, and says where that is; only between documents. */
  save(): SinkState;
  /** Cuts the files back to a saved state, to go on from there. */
  restore(state: SinkState): void;
  /** Writes what is left and waits until the disk has it. */
  finish(): void;
  /** Closes the files, finished or not. */
  close(): void;
}
