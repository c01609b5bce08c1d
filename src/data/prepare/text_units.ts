/**
 * The second pass over text files: a long file becomes one unit per piece, and
 * small files are collected into units.
 * @module
 */
import { createHash } from "node:crypto";
import { HASH_BYTES } from "../pool/content_hash.ts";
import type { TextFile, WorkUnit } from "../pool/work_unit.ts";
import type { Entry } from "../scan/scan_inputs.ts";
import { openBytes, type TextRecord } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import {
  changedError,
  decodeText,
  textPieces,
} from "../sources/text_pieces.ts";
import {
  type PlannedUnit,
  UNIT_BYTES,
  type UnitOptions,
  type UnitOrSkipped,
} from "./planned_unit.ts";

/** Most files of one unit. */
const UNIT_FILES = 256;

/** Collects small texts until they are worth sending to a worker. */
export class SmallTexts {
  #files: TextFile[] = [];
  #records: TextRecord[] = [];
  #name = "";
  #bytes = 0;
  #nextEntry = 0;

  /**
   * Adds the text of entry `i`.
   * @returns the texts collected before, if they fill a unit or are of the
   *   other kind (files, or texts in memory)
   */
  add({ input, scan, firstDocument }: Entry, i: number): PlannedUnit | null {
    const inMemory = input.path === null;
    const otherKind = inMemory ? this.#files.length : this.#records.length;
    const full = otherKind > 0 || this.#bytes >= UNIT_BYTES ||
      this.#files.length >= UNIT_FILES;
    const before = full ? this.take() : null;
    if (inMemory) {
      const text = decodeText(input.name, input.content);
      this.#records.push({ document: firstDocument, text });
      this.#name = input.name;
    } else {
      const { digest, unpacked } = scan;
      const document = firstDocument;
      this.#files.push({ file: input, document, digest, unpacked });
    }
    this.#bytes += scan.unpacked;
    this.#nextEntry = i + 1;
    return before;
  }

  /** Takes what has been collected; null if that is nothing. */
  take(): PlannedUnit | null {
    const files = this.#files, records = this.#records;
    if (files.length + records.length === 0) return null;
    const unit: WorkUnit = files.length > 0
      ? { kind: "files", files }
      : { kind: "records", name: this.#name, records };
    const bytes = this.#bytes;
    this.#files = [];
    this.#records = [];
    this.#bytes = 0;
    const entry = this.#nextEntry - 1;
    const next = { entry: entry + 1, document: 0, offset: 0 };
    return { unit, transfer: [], entry, firstDocument: 0, bytes, next };
  }
}

/**
 * The pieces of a long text file from byte `from` on.
 * @param i index of the file's entry
 * @throws {UserError} if the file changed since the first pass.
 */
export async function* textUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, cut, dedup }: UnitOptions,
): AsyncGenerator<UnitOrSkipped> {
  const { scan, firstDocument } = entries[i];
  const packed = file.compression !== "none";
  const digest = createHash("sha256");
  const blocks = async function* () {
    for await (const block of openBytes(file)) {
      digest.update(block);
      yield block;
    }
    if (!packed && digest.digest("hex") !== scan.digest) {
      throw changedError(file.name);
    }
  };
  // Whether the text is a duplicate must be known when its first tokens are
  // written. The digest of an uncompressed file is the hash of its text.
  const hash = dedup && from === 0
    ? packed
      ? await textHash(file)
      : Uint8Array.fromHex(scan.digest).subarray(0, HASH_BYTES)
    : null;
  // One piece is kept back: only the end of the file shows which is the last.
  let pending: UnitOrSkipped | undefined;
  let at = from;
  for await (
    const { text, end } of textPieces(file.name, blocks(), cut, from)
  ) {
    if (pending) yield pending;
    pending = {
      unit: { kind: "piece", text },
      transfer: [],
      entry: i,
      firstDocument: 0,
      bytes: end - at,
      next: { entry: i, document: 0, offset: end },
      piece: { document: firstDocument, bytes: end - at, last: false, hash },
    };
    at = end;
  }
  if (!pending?.unit) throw changedError(file.name);
  pending.piece!.last = true;
  pending.next = { entry: i + 1, document: 0, offset: 0 };
  yield pending;
}

async function textHash(file: SourceFile): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for await (const block of openBytes(file)) hash.update(block);
  return hash.digest().subarray(0, HASH_BYTES);
}
