/**
 * The second pass over a Parquet file: its row groups become units.
 * @module
 */
import type { WorkUnit } from "../pool/work_unit.ts";
import { parquetRows, readParquet, type TextRecord } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import { changedError } from "../sources/text_pieces.ts";
import {
  documentMask,
  UNIT_BYTES,
  type UnitOptions,
  type UnitOrSkipped,
} from "./planned_unit.ts";

/**
 * Workers read row groups up to this size. Larger groups are read here, so that
 * progress within a group can be saved.
 */
const WORKER_GROUP_BYTES = 1 << 23;

/**
 * The units of a Parquet file from row `from` on: row groups that workers read,
 * or texts where a group is large.
 * @param i index of the file's entry
 * @throws {UserError} if the file changed since the first pass.
 */
export async function* parquetUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, selectionOf }: UnitOptions,
): AsyncGenerator<UnitOrSkipped> {
  const { scan, firstDocument } = entries[i];
  const { rows, groups } = await parquetRows(file);
  if (rows !== scan.documents) throw changedError(file.name);
  const bytesPerRow = scan.unpacked / rows;
  const selection = selectionOf(i);
  const used = (row: number) => selection.splitOf(firstDocument + row) !== null;
  for (const group of groups) {
    const end = group.first + group.rows;
    const start = Math.max(group.first, from);
    if (start >= end) continue;
    const mask = documentMask(from, start, end - start, used);
    const bytes = (end - start) * bytesPerRow;
    if (mask?.includes(1) === false) {
      yield { bytes };
    } else if (bytes <= WORKER_GROUP_BYTES) {
      yield {
        unit: { kind: "rows", file, first: start, rows: end - start, mask },
        transfer: mask ? [mask.buffer] : [],
        entry: i,
        firstDocument,
        bytes,
        next: { entry: i, document: end, offset: 0 },
      };
    } else {
      yield* recordUnits(file, start, end, mask, bytesPerRow, {
        i,
        firstDocument,
      });
    }
  }
}

/** Units of a large row group, whose rows this thread reads. */
async function* recordUnits(
  file: SourceFile,
  start: number,
  end: number,
  mask: Uint8Array | null,
  bytesPerRow: number,
  { i, firstDocument }: { i: number; firstDocument: number },
): AsyncGenerator<UnitOrSkipped> {
  const { name } = file;
  let records: TextRecord[] = [];
  let length = 0;
  let from = start;
  const take = (to: number): UnitOrSkipped => {
    const unit: WorkUnit = { kind: "records", name, records };
    const bytes = (to - from) * bytesPerRow;
    records = [];
    length = 0;
    from = to;
    const next = { entry: i, document: to, offset: 0 };
    return { unit, transfer: [], entry: i, firstDocument, bytes, next };
  };
  const used = mask ? (row: number) => mask[row - start] === 1 : undefined;
  for await (const rows of readParquet(file, start, end - start, used)) {
    for (const record of rows) {
      records.push(record);
      length += "text" in record ? record.text.length : 0;
      if (length >= UNIT_BYTES) yield take(record.document + 1);
    }
  }
  yield take(end);
}
