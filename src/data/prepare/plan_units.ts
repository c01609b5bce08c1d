/**
 * The second pass: walks the entries in order, from any position, and yields
 * units of work of about 1 MiB of text.
 * @module
 */
import { lineUnits } from "./line_units.ts";
import { parquetUnits } from "./parquet_units.ts";
import {
  type PlannedUnit,
  UNIT_BYTES,
  type UnitOptions,
  type UnitOrSkipped,
} from "./planned_unit.ts";
import { SmallTexts, textUnits } from "./text_units.ts";

/**
 * The units from a position on. A file is opened when its turn comes.
 * @throws {UserError} if a file cannot be read or changed since the first pass.
 */
export async function* planUnits(
  options: UnitOptions,
): AsyncGenerator<PlannedUnit> {
  const { entries, from } = options;
  const small = new SmallTexts();
  // Text that is not used; its size is added to the next unit's.
  let skipped = 0;
  const withSkipped = (planned: PlannedUnit) => {
    planned.bytes += skipped;
    skipped = 0;
    return planned;
  };
  for (let i = from.entry; i < entries.length; i++) {
    const entry = entries[i];
    const start = i === from.entry ? from : { document: 0, offset: 0 };
    if (i > 0 && options.selectionOf(i) !== options.selectionOf(i - 1)) {
      const rest = small.take();
      if (rest) yield withSkipped(rest);
    }
    if (entry.input.format === "text") {
      if (options.selectionOf(i).splitOf(entry.firstDocument) === null) {
        skipped += entry.scan.unpacked;
        continue;
      }
      if (entry.scan.unpacked <= UNIT_BYTES && start.offset === 0) {
        const full = small.add(entry, i);
        if (full) yield withSkipped(full);
        continue;
      }
    }
    const rest = small.take();
    if (rest) yield withSkipped(rest);
    for await (const planned of unitsOf(i, start, options)) {
      if (planned.unit) yield withSkipped(planned as PlannedUnit);
      else skipped += planned.bytes;
    }
  }
  const rest = small.take();
  if (rest) yield withSkipped(rest);
}

/** The units of entry `i`, unless it is a small text. */
async function* unitsOf(
  i: number,
  start: { document: number; offset: number },
  options: UnitOptions,
): AsyncGenerator<UnitOrSkipped> {
  const entry = options.entries[i];
  const { input } = entry;
  if (input.path === null) {
    const one = new SmallTexts();
    one.add(entry, i);
    yield one.take()!;
  } else if (input.format === "text") {
    yield* textUnits(input, i, start.offset, options);
  } else if (input.format === "jsonl") {
    yield* lineUnits(input, i, start.document, options);
  } else {
    yield* parquetUnits(input, i, start.document, options);
  }
}
