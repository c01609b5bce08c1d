/**
 * The second reading of Parquet files.
 * @module
 */
import { changedError } from "../sources/text_pieces.ts";
import {
  marksFrom,
  type Planned,
  type PlanOptions,
  UNIT_BYTES,
} from "./planned_unit.ts";
import { parquetRows, readParquet } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import type { TextRecord, WorkUnit } from "../pool/work_unit.ts";

/** Row groups up to this size are read by the workers; of larger ones, only one thread can know how far it is. */
const GROUP_BYTES = 1 << 23;

/**
 * The units of a Parquet file from row `from` on: row groups that workers read, or texts where a group is large.
 * @param i the file's entry
 * @throws {UserError} if it is not what it was.
 */
export async function* parquetUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, selectionOf }: PlanOptions,
): AsyncGenerator<Planned> {
  const { facts, first } = entries[i];
  const { rows, groups } = await parquetRows(file);
  if (rows !== facts.documents) throw changedError(file.name);
  const bytesPerRow = facts.unpacked / rows;
  const used = (row: number) => selectionOf(i).splitOf(first + row) !== null;
  for (const group of groups) {
    const end = group.first + group.rows;
    const start = Math.max(group.first, from);
    if (start >= end) continue;
    const keep = marksFrom(from, start, end - start, used);
    const bytes = (end - start) * bytesPerRow;
    if (keep?.includes(1) === false) {
      yield { bytes };
    } else if (bytes <= GROUP_BYTES) {
      yield {
        unit: { kind: "rows", file, first: start, rows: end - start, keep },
        transfer: keep ? [keep.buffer] : [],
        entry: i,
        first,
        bytes,
        next: { entry: i, document: end, offset: 0 },
      };
    } else {
      yield* recordUnits(file, start, end, keep, bytesPerRow, { i, first });
    }
  }
}

/** Rows of a large group, read here. */
async function* recordUnits(
  file: SourceFile,
  start: number,
  end: number,
  keep: Uint8Array | null,
  bytesPerRow: number,
  { i, first }: { i: number; first: number },
): AsyncGenerator<Planned> {
  const { name } = file;
  let records: TextRecord[] = [];
  let units = 0;
  let from = start;
  const take = (to: number): Planned => {
    const unit: WorkUnit = { kind: "records", name, records };
    const bytes = (to - from) * bytesPerRow;
    records = [];
    units = 0;
    from = to;
    const next = { entry: i, document: to, offset: 0 };
    return { unit, transfer: [], entry: i, first, bytes, next };
  };
  const used = keep ? (row: number) => keep[row - start] === 1 : undefined;
  for await (const rows of readParquet(file, start, end - start, used)) {
    for (const record of rows) {
      records.push(record);
      units += "text" in record ? record.text.length : 0;
      if (units >= UNIT_BYTES) yield take(record.document + 1);
    }
  }
  yield take(end);
}
