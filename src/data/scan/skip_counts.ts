/**
 * What is not used of the data: how much, by reason, and the first reasons.
 * @module
 */

/** Numbers of what was skipped, by reason; also keys of `store.json`. */
export interface Skipped {
  /** Text files with a NUL byte. */
  binary: number;
  /** Text files that are not UTF-8. */
  undecodable: number;
  /** Files without a document, and empty text files. */
  empty: number;
  /** Records without text. */
  unreadable: number;
  /** Texts that came before, with `dedup`. */
  duplicate: number;
  /** Files that cannot be read, or not to their end. */
  files: number;
}

/** Collects what was skipped, and why. */
export interface SkipCounts {
  skipped: Skipped;
  /** Why, with the file's name, for the first few files and records. */
  reasons: string[];
  /** The same for empty files, which tell less. */
  emptyReasons: string[];
}

/** Counts of zero. */
export function newSkipCounts(): SkipCounts {
  const skipped = {
    binary: 0,
    undecodable: 0,
    empty: 0,
    unreadable: 0,
    duplicate: 0,
    files: 0,
  };
  return { skipped, reasons: [], emptyReasons: [] };
}
