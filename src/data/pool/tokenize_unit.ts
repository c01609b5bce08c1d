/**
 * A worker's main task: turns the texts of a unit into tokens.
 * @module
 */
import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { UserError } from "../../errors.ts";
import {
  LEAVE_OUT,
  openBytes,
  parseLines,
  readParquet,
  type TextRecord,
} from "../sources/mod.ts";
import {
  changedError,
  decodeText,
  PIECE_UNITS,
} from "../sources/text_pieces.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { contentHash, HASH_BYTES } from "./content_hash.ts";
import {
  type DocumentMask,
  freeArrays,
  MAX_REASONS,
  type TextFile,
  type TokenizedUnit,
  type WorkUnit,
} from "./work_unit.ts";

/** What to do with a unit's documents. */
export interface TokenizeOptions {
  /** Whether to hash contents, to find duplicates. */
  dedup: boolean;
  /**
   * Whether to count records without text, instead of stopping at the first.
   */
  skipBad: boolean;
}

const utf8 = new TextEncoder();

// Enough for a unit with the byte tokenizer, and for a unit with a much longer
// document.
const INITIAL_TOKENS = 1 << 21;
const MAX_SPARE_TOKENS = 1 << 23;

/**
 * Tokenizes the documents of a unit, in order.
 * @throws {UserError} if a record has no text and `skipBad` is not set, or a
 *   file has changed.
 */
export async function tokenizeUnit(
  unit: WorkUnit,
  tokenizer: Tokenizer,
  options: TokenizeOptions,
): Promise<TokenizedUnit> {
  const result = new UnitResult(tokenizer, options);
  switch (unit.kind) {
    case "files":
      for (const textFile of unit.files) {
        const content = await readWhole(textFile);
        const textHash = options.dedup ? contentHash(content) : null;
        const text = decodeText(textFile.file.name, content);
        result.add(textFile.document, text, content.length, textHash);
        freeArrays(content);
      }
      break;
    case "records":
      for (const record of unit.records) result.addRecord(record, unit.name);
      break;
    case "piece":
      result.add(0, unit.text, Buffer.byteLength(unit.text), null);
      break;
    case "lines": {
      const { block, name } = unit;
      const used = maskFilter(unit.mask, block.first);
      for (const record of parseLines(block, unit.field, used)) {
        result.addRecord(record, name);
      }
      freeArrays(block.bytes);
      break;
    }
    case "rows": {
      const { file, first, rows } = unit;
      const used = maskFilter(unit.mask, first);
      for await (const records of readParquet(file, first, rows, used)) {
        for (const record of records) result.addRecord(record, file.name);
      }
    }
  }
  return result.finish();
}

/** The buffers of a result that can be transferred instead of copied. */
export function transferOf(result: TokenizedUnit): Transferable[] {
  const { ids, ends, documents, bytes, hashes } = result;
  const arrays = [ids, ends, documents, bytes, ...(hashes ? [hashes] : [])];
  return arrays.map(({ buffer }) => buffer);
}

function maskFilter(
  mask: DocumentMask,
  first: number,
): ((document: number) => boolean) | undefined {
  return mask ? (document) => mask[document - first] === 1 : undefined;
}

/** @throws {UserError} if the file changed since the first pass. */
async function readWhole(
  { file, digest, unpacked }: TextFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const content = new Uint8Array(unpacked);
  let filled = 0;
  for await (const block of openBytes(file)) {
    if (filled + block.length > unpacked) throw changedError(file.name);
    content.set(block, filled);
    filled += block.length;
  }
  const unchanged = filled === unpacked &&
    (file.compression !== "none" || hash("sha256", content, "hex") === digest);
  if (!unchanged) throw changedError(file.name);
  return content;
}

/**
 * The buffer of the last result, used again: growing a new one for each unit
 * would leave more garbage than anything else.
 */
let spareIds: Uint32Array | null = null;

/** Collects documents and their tokens. */
class UnitResult {
  #ids: Uint32Array;
  #filled = 0;
  #ends: number[] = [];
  #documents: number[] = [];
  #bytes: number[] = [];
  #hashes: Uint8Array[] = [];
  #maxTokenId = 0;
  #unreadable = 0;
  #reasons: string[] = [];

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: TokenizeOptions,
  ) {
    this.#ids = spareIds ?? new Uint32Array(INITIAL_TOKENS);
    spareIds = null;
  }

  addRecord(record: TextRecord, name: string): void {
    if ("text" in record) return this.#addText(record.document, record.text);
    if (!this.options.skipBad) {
      throw new UserError(
        `Cannot read '${name}': ${record.reason}; ${LEAVE_OUT}`,
      );
    }
    this.#unreadable++;
    if (this.#reasons.length < MAX_REASONS) {
      this.#reasons.push(record.reason);
    }
  }

  add(
    document: number,
    text: string,
    bytes: number,
    textHash: Uint8Array | null,
  ): void {
    const { tokenizer } = this;
    while (text.length > PIECE_UNITS && tokenizer.lastSafeCut) {
      const end = tokenizer.lastSafeCut(text.slice(0, PIECE_UNITS));
      if (end === 0) break;
      this.#push(tokenizer.encode(text.slice(0, end)));
      text = text.slice(end);
    }
    this.#push(tokenizer.encode(text));
    this.#ends.push(this.#filled);
    this.#documents.push(document);
    this.#bytes.push(bytes);
    if (textHash) this.#hashes.push(textHash);
  }

  finish(): TokenizedUnit {
    const hashes = this.options.dedup
      ? new Uint8Array(this.#hashes.length * HASH_BYTES)
      : null;
    this.#hashes.forEach((one, i) => hashes!.set(one, i * HASH_BYTES));
    const ids = this.#ids.slice(0, this.#filled);
    if (this.#ids.length <= MAX_SPARE_TOKENS) spareIds = this.#ids;
    return {
      ids,
      ends: Uint32Array.from(this.#ends),
      documents: Uint32Array.from(this.#documents),
      bytes: Float64Array.from(this.#bytes),
      hashes,
      maxTokenId: this.#maxTokenId,
      unreadable: this.#unreadable,
      reasons: this.#reasons,
    };
  }

  #addText(document: number, text: string): void {
    if (!this.options.dedup) {
      return this.add(document, text, Buffer.byteLength(text), null);
    }
    const bytes = utf8.encode(text);
    this.add(document, text, bytes.length, contentHash(bytes));
  }

  #push(ids: Uint32Array): void {
    const filled = this.#filled + ids.length;
    if (filled > this.#ids.length) {
      const bigger = new Uint32Array(Math.max(filled, this.#ids.length * 2));
      bigger.set(this.#ids.subarray(0, this.#filled));
      this.#ids = bigger;
    }
    this.#ids.set(ids, this.#filled);
    this.#filled = filled;
    let largest = this.#maxTokenId;
    for (let i = 0; i < ids.length; i++) if (ids[i] > largest) largest = ids[i];
    this.#maxTokenId = largest;
  }
}
