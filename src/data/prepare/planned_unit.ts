/**
 * A unit of work, and what the thread that gives it out knows of it.
 * @module
 */
import type { Entry } from "../scan/scan_inputs.ts";
import type { DocumentSelection } from "../scan/document_selection.ts";
import type { WorkUnit } from "../pool/work_unit.ts";

/** A place between two units. */
export interface Position {
  /** Index of an entry; all before it are done. */
  entry: number;
  /** Number, in it, of the next document. */
  document: number;
  /** Bytes of that document that are done, for long texts. */
  offset: number;
}

/** A unit and what the main thread knows of it. */
export interface PlannedUnit {
  unit: WorkUnit;
  /** What of it may travel without being copied. */
  transfer: Transferable[];
  /** An entry that it is of; all of it are in one selection. */
  entry: number;
  /** To be added to the unit's document numbers. */
  first: number;
  /** Bytes of text that are done with it, those passed over on the way included. */
  bytes: number;
  /** Where to go on after it. */
  next: Position;
  /** Of a piece: its document, its bytes, whether it is the last, and its text's hash where asked for. */
  piece?: {
    document: number;
    bytes: number;
    last: boolean;
    hash: Uint8Array | null;
  };
}

/** What to make units of. */
export interface PlanOptions {
  entries: readonly Entry[];
  /** The selection of entry `i`. */
  selectionOf: (entry: number) => DocumentSelection;
  from: Position;
  cut?: ((text: string) => number) | undefined;
  /** Whether texts' hashes are wanted. */
  dedup: boolean;
}

/** About the text of a unit. */
export const UNIT_BYTES = 1 << 20;

/** A unit, or only bytes that nothing is to be made of. */
export type Planned = PlannedUnit | { unit?: undefined; bytes: number };

/** 1 for each of some documents that is used and not before `from`; null where all are. */
export function marksFrom(
  from: number,
  first: number,
  documents: number,
  used: (document: number) => boolean,
): Uint8Array<ArrayBuffer> | null {
  const marks = new Uint8Array(documents);
  let count = 0;
  for (let i = 0; i < documents; i++) {
    if (first + i >= from && used(first + i)) count += marks[i] = 1;
  }
  return count === documents ? null : marks;
}
