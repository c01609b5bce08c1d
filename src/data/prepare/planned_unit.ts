/**
 * A unit of work as the main thread plans it: the text that a worker gets, and
 * what the main thread must remember to put the result into the store.
 * @module
 */
import type { WorkUnit } from "../pool/work_unit.ts";
import type { DocumentSelection } from "../scan/document_selection.ts";
import type { Entry } from "../scan/scan_inputs.ts";

/** A place between two units. Its keys are keys of `journal.jsonl`. */
export interface Position {
  /** Index of an entry; all entries before it are done. */
  entry: number;
  /** Number, within the entry, of the next document. */
  document: number;
  /** Bytes of that document that are done, for long texts. */
  offset: number;
}

/** A unit and what the main thread knows about it. */
export interface PlannedUnit {
  unit: WorkUnit;
  /** Buffers of the unit that can be transferred instead of copied. */
  transfer: Transferable[];
  /** An entry of the unit; all its entries belong to one selection. */
  entry: number;
  /** Added to the unit's document numbers to get numbers in the selection. */
  firstDocument: number;
  /** Bytes of text done after this unit, skipped ones before it included. */
  bytes: number;
  /** Where to continue after it. */
  next: Position;
  /** For a piece of a long text. */
  piece?: {
    document: number;
    bytes: number;
    /** Whether it ends the document. */
    last: boolean;
    /** Hash of the whole text, on the first piece and where requested. */
    hash: Uint8Array | null;
  };
}

/** What units are made from. */
export interface UnitOptions {
  entries: readonly Entry[];
  /** The selection that entry `i` belongs to. */
  selectionOf: (entry: number) => DocumentSelection;
  from: Position;
  /** See `Tokenizer.cut`. */
  cut?: ((text: string) => number) | undefined;
  /** Whether hashes of the texts are needed. */
  dedup: boolean;
}

/** Approximate size of a unit's text. */
export const UNIT_BYTES = 1 << 20;

/** A unit, or the size of a stretch of text that is not used. */
export type UnitOrSkipped = PlannedUnit | { unit?: undefined; bytes: number };

/**
 * Marks the documents to use among `documents` ones starting at `first`.
 * @param from documents before this one are done already
 * @returns 1 for each document to use, else 0; null if all are used
 */
export function documentMask(
  from: number,
  first: number,
  documents: number,
  used: (document: number) => boolean,
): Uint8Array<ArrayBuffer> | null {
  const mask = new Uint8Array(documents);
  let count = 0;
  for (let i = 0; i < documents; i++) {
    if (first + i >= from && used(first + i)) count += mask[i] = 1;
  }
  return count === documents ? null : mask;
}
