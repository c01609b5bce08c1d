/**
 * The page loop: the rows of a row group, one page in memory at a time.
 * @module
 */
import type { TextRecord } from "../parse_lines.ts";
import type { RowGroup } from "./footer.ts";
import { type PageHeader, PageReader } from "./page_reader.ts";
import { dictionaryOf, pageCells } from "./page_texts.ts";
import { assertParquet, ParquetError } from "./parquet_error.ts";
import type { TextColumn } from "./schema.ts";
import type { Dictionary } from "./values.ts";

/** Which rows to read, by their number in the file. */
export interface Wanted {
  /** Reading stops before this row. */
  end: number;
  has(row: number): boolean;
}

/**
 * The wanted rows of a group. The rows of a damaged page are bad; so are all
 * rows after a damaged header.
 */
export function* groupRows(
  file: number,
  column: TextColumn,
  group: RowGroup,
  wanted: Wanted,
): Generator<TextRecord> {
  const pages = new PageReader(file, group);
  const groupEnd = group.first + group.rows;
  const end = Math.min(groupEnd, wanted.end);
  let dictionary: Dictionary | null = null;
  let row = group.first;
  try {
    while (row < end) {
      const header = pages.next();
      if (header.kind === "dictionary") {
        dictionary = readDictionaryOrNull(pages, header, group.codec);
        continue;
      }
      assertParquet(
        header.values <= groupEnd - row,
        "its pages hold more rows than its footer says",
      );
      let at = row;
      row += header.values;
      if (!someWanted(at, row, wanted)) continue;
      try {
        const { codec } = group;
        const options = { codec, maxLevel: column.maxLevel, dictionary };
        const next = pageCells(pages.content(header), header, options);
        for (; at < row; at++) {
          const cell = next(wanted.has(at));
          if (cell === null) continue;
          if ("text" in cell) yield { document: at, text: cell.text };
          else yield bad(at, `column '${column.name}' is ${cell.reason}`);
        }
      } catch (error) {
        yield* damaged(at, row, wanted, error, header.start);
      }
    }
  } catch (error) {
    yield* damaged(row, end, wanted, error, group.start);
  }
}

/** Null if it is damaged: only pages that refer to it are lost. */
function readDictionaryOrNull(
  pages: PageReader,
  header: PageHeader,
  codec: number,
): Dictionary | null {
  try {
    return dictionaryOf(pages.content(header), header, codec);
  } catch (error) {
    if (error instanceof ParquetError) return null;
    throw error;
  }
}

function someWanted(from: number, to: number, wanted: Wanted): boolean {
  for (let row = from; row < to; row++) if (wanted.has(row)) return true;
  return false;
}

function* damaged(
  from: number,
  to: number,
  wanted: Wanted,
  error: unknown,
  place: number,
): Generator<TextRecord> {
  if (!(error instanceof ParquetError)) throw error;
  for (let row = from; row < to; row++) {
    if (wanted.has(row)) {
      yield bad(row, `${error.message}, in what begins at byte ${place}`);
    }
  }
}

/** Messages count rows from 1, as they do lines. */
function bad(document: number, reason: string): TextRecord {
  return { document, reason: `row ${document + 1}: ${reason}` };
}
