/**
 * Where tokens are written: the interface of an output format.
 * @module
 */

/** The two splits of prepared data. */
export type SplitName = "train" | "valid";

/**
 * State of a sink, as plain data: what is needed to cut its files back and
 * continue. Part of the journal, so its keys stay as they are.
 */
export type SinkState = Record<string, number | string | number[]>;

/** What a document became. */
export interface DocumentEnd {
  /** Number of its tokens. */
  tokens: number;
  /** Number of its sequences; 1 in formats that do not cut documents. */
  sequences: number;
}

/**
 * Takes one document after another, each as runs of tokens and an end. Equal
 * documents give equal bytes, however they are divided and interrupted.
 */
export interface TokenSink {
  /** Adds the next tokens of the current document of a split. */
  push(split: SplitName, ids: Uint32Array): void;
  /** Ends the current document. */
  endDocument(split: SplitName): DocumentEnd;
  /**
   * Writes what is buffered, waits until it is on disk, and returns the state.
   * Only between documents.
   */
  save(): SinkState;
  /** Cuts the files back to a saved state, to continue from there. */
  restore(state: SinkState): void;
  /** Writes the rest and waits until it is on disk. */
  finish(): void;
  /** Closes the files, finished or not. */
  close(): void;
}
