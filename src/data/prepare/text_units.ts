/**
 * The second reading: entries become units of work, in order, from any place on.
 * @module
 */
import { createHash } from "node:crypto";
import { UserError } from "../../errors.ts";
import { HASH_BYTES } from "../pool/content_hash.ts";
import { changedError, textOf, textPieces } from "../sources/text_pieces.ts";
import type { Entry } from "../scan/scan_inputs.ts";
import { parquetUnits } from "./parquet_units.ts";
import {
  marksFrom,
  type Planned,
  type PlannedUnit,
  type PlanOptions,
  UNIT_BYTES,
} from "./planned_unit.ts";
import { jsonLines, openBytes } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import type { TextFile, TextRecord, WorkUnit } from "../pool/work_unit.ts";

const UNIT_FILES = 256;

/**
 * The units from a place on. A file is opened when it is its turn.
 * @throws {UserError} if a file cannot be read or is not what it was.
 */
export async function* planUnits(
  options: PlanOptions,
): AsyncGenerator<PlannedUnit> {
  const { entries, from } = options;
  const small = new SmallTexts();
  // Bytes that nothing is to be made of; the next unit tells of them.
  let passed = 0;
  const told = (planned: PlannedUnit) => {
    planned.bytes += passed;
    passed = 0;
    return planned;
  };
  for (let i = from.entry; i < entries.length; i++) {
    const entry = entries[i];
    const start = i === from.entry ? from : { document: 0, offset: 0 };
    if (i > 0 && options.selectionOf(i) !== options.selectionOf(i - 1)) {
      const rest = small.take();
      if (rest) yield told(rest);
    }
    if (entry.input.format === "text") {
      if (options.selectionOf(i).splitOf(entry.first) === null) {
        passed += entry.facts.unpacked;
        continue;
      }
      if (entry.facts.unpacked <= UNIT_BYTES && start.offset === 0) {
        const full = small.add(entry, i);
        if (full) yield told(full);
        continue;
      }
    }
    const rest = small.take();
    if (rest) yield told(rest);
    for await (const planned of unitsOf(i, start, options)) {
      if (planned.unit) yield told(planned as PlannedUnit);
      else passed += planned.bytes;
    }
  }
  const rest = small.take();
  if (rest) yield told(rest);
}

function unitsOf(
  i: number,
  start: { document: number; offset: number },
  options: PlanOptions,
): AsyncGenerator<Planned> {
  const entry = options.entries[i];
  const { input } = entry;
  if (input.path === null) return memoryUnit(entry, i);
  if (input.format === "text") {
    return textUnits(input, i, start.offset, options);
  }
  return input.format === "jsonl"
    ? lineUnits(input, i, start.document, options)
    : parquetUnits(input, i, start.document, options);
}

/** Gathers texts until they are worth a message. */
class SmallTexts {
  #files: TextFile[] = [];
  #records: TextRecord[] = [];
  #name = "";
  #bytes = 0;
  #next = 0;

  /** Adds a text; gives back what was gathered where it is enough, or of the other kind. */
  add({ input, facts, first }: Entry, i: number): PlannedUnit | null {
    const inMemory = input.path === null;
    const other = inMemory ? this.#files.length : this.#records.length;
    const full = other > 0 || this.#bytes >= UNIT_BYTES ||
      this.#files.length >= UNIT_FILES;
    const before = full ? this.take() : null;
    if (inMemory) {
      const text = textOf(input.name, input.content);
      this.#records.push({ document: first, text });
      this.#name = input.name;
    } else {
      const { digest, unpacked } = facts;
      this.#files.push({ file: input, document: first, digest, unpacked });
    }
    this.#bytes += facts.unpacked;
    this.#next = i + 1;
    return before;
  }

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
    const entry = this.#next - 1;
    const next = { entry: entry + 1, document: 0, offset: 0 };
    return { unit, transfer: [], entry, first: 0, bytes, next };
  }
}

/** A long text in memory. */
async function* memoryUnit(entry: Entry, i: number): AsyncGenerator<Planned> {
  const small = new SmallTexts();
  small.add(entry, i);
  yield small.take()!;
}

async function* textUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, cut, dedup }: PlanOptions,
): AsyncGenerator<Planned> {
  const { facts, first } = entries[i];
  const packed = file.compression !== "none";
  const digest = createHash("sha256");
  const blocks = async function* () {
    for await (const block of openBytes(file)) {
      digest.update(block);
      yield block;
    }
    if (!packed && digest.digest("hex") !== facts.digest) {
      throw changedError(file.name);
    }
  };
  // Whether it has come before must be known with its first tokens. A file's digest is its text's hash.
  const hash = dedup && from === 0
    ? packed
      ? await textHash(file)
      : Uint8Array.fromHex(facts.digest).subarray(0, HASH_BYTES)
    : null;
  let held: Planned | undefined;
  let at = from;
  for await (
    const { text, end } of textPieces(file.name, blocks(), cut, from)
  ) {
    // The last piece is known by there being no other.
    if (held) yield held;
    held = {
      unit: { kind: "piece", text },
      transfer: [],
      entry: i,
      first: 0,
      bytes: end - at,
      next: { entry: i, document: 0, offset: end },
      piece: { document: first, bytes: end - at, last: false, hash },
    };
    at = end;
  }
  if (!held?.unit) throw changedError(file.name);
  held.piece!.last = true;
  held.next = { entry: i + 1, document: 0, offset: 0 };
  yield held;
}

async function textHash(file: SourceFile): Promise<Uint8Array> {
  const hash = createHash("sha256");
  for await (const block of openBytes(file)) hash.update(block);
  return hash.digest().subarray(0, HASH_BYTES);
}

async function* lineUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, selectionOf }: PlanOptions,
): AsyncGenerator<Planned> {
  const { facts, first } = entries[i];
  let done = from;
  try {
    for await (const block of jsonLines(file, { from })) {
      const end = Math.min(block.first + block.documents, facts.documents);
      const keep = marksFrom(
        from,
        block.first,
        block.documents,
        (document) =>
          document < end
            ? selectionOf(i).splitOf(first + document) !== null
            : false,
      );
      done = end;
      const bytes = block.bytes.length;
      if (keep?.includes(1) === false) {
        yield { bytes };
        continue;
      }
      yield {
        unit: {
          kind: "lines",
          block,
          field: file.field,
          name: file.name,
          keep,
        },
        transfer: [block.bytes.buffer, ...(keep ? [keep.buffer] : [])],
        entry: i,
        first,
        bytes,
        next: { entry: i, document: end, offset: 0 },
      };
    }
  } catch (error) {
    // Known from the first reading: what came before it counts.
    if (!(error instanceof UserError && facts.fault !== null)) throw error;
  }
  if (done !== facts.documents) throw changedError(file.name);
}
