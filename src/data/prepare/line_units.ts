/**
 * The second pass over a JSON Lines file: its blocks of lines become units.
 * @module
 */
import { UserError } from "../../errors.ts";
import { jsonLines } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import { changedError } from "../sources/text_pieces.ts";
import {
  documentMask,
  type UnitOptions,
  type UnitOrSkipped,
} from "./planned_unit.ts";

/**
 * The units of a JSON Lines file from document `from` on.
 * @param i index of the file's entry
 * @throws {UserError} if the file changed since the first pass.
 */
export async function* lineUnits(
  file: SourceFile,
  i: number,
  from: number,
  { entries, selectionOf }: UnitOptions,
): AsyncGenerator<UnitOrSkipped> {
  const { scan, firstDocument } = entries[i];
  const selection = selectionOf(i);
  let done = from;
  try {
    for await (const block of jsonLines(file, { from })) {
      const end = Math.min(block.first + block.documents, scan.documents);
      const mask = documentMask(
        from,
        block.first,
        block.documents,
        (document) =>
          document < end &&
          selection.splitOf(firstDocument + document) !== null,
      );
      done = end;
      const bytes = block.bytes.length;
      if (mask?.includes(1) === false) {
        yield { bytes };
        continue;
      }
      yield {
        unit: {
          kind: "lines",
          block,
          field: file.field,
          name: file.name,
          mask,
        },
        transfer: [block.bytes.buffer, ...(mask ? [mask.buffer] : [])],
        entry: i,
        firstDocument,
        bytes,
        next: { entry: i, document: end, offset: 0 },
      };
    }
  } catch (error) {
    // The first pass found this fault and counted it; the lines before it are
    // used.
    if (!(error instanceof UserError && scan.fault !== null)) throw error;
  }
  if (done !== scan.documents) throw changedError(file.name);
}
