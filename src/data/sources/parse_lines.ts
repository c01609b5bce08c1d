/**
 * Parses lines of JSON into texts.
 * @module
 */
import { isUtf8 } from "node:buffer";
import { parsePythonJson } from "../../fs/python_json.ts";
import { CONTENT_LENGTH, oneLine } from "../../terminal/quote.ts";
import type { LineBlock } from "./json_lines.ts";
import { isBlank } from "./line_counter.ts";
import { fieldText, type TextOrReason } from "./record_text.ts";
import type { BadRecord } from "./source_file.ts";
import { guessEncoding, notUtf8 } from "./utf8_check.ts";

/** A document's number in its file, from 0, and its text or why it has none. */
export type TextRecord = { document: number } & ({ text: string } | BadRecord);

/** Whether a document is to be read. */
export type RowFilter = (document: number) => boolean;

/** The documents of a block of lines that `keep` accepts. */
export function* parseLines(
  block: LineBlock,
  field: string,
  keep: RowFilter = () => true,
): Generator<TextRecord> {
  const { bytes } = block;
  const decode = decoder(bytes);
  const encoding = block.first === 0 ? guessEncoding(bytes) : undefined;
  let document = block.first;
  let line = block.line;
  for (let start = 0; start < bytes.length; line++) {
    let end = bytes.indexOf(NEWLINE, start);
    if (end < 0) end = bytes.length;
    if (!isBlank(bytes, start, end)) {
      if (keep(document)) {
        const parsed = parseLine(decode(start, end), field);
        if ("text" in parsed) yield { document, text: parsed.text };
        else {
          // What follows from the encoding says less than its name.
          const reason = encoding ? notUtf8(encoding) : parsed.reason;
          yield { document, reason: `line ${line}: ${reason}` };
        }
      }
      document++;
    }
    start = end + 1;
  }
}

const NEWLINE = 10;

/**
 * A function that decodes a range of `bytes`, or returns null if it is not
 * UTF-8. Lines are decoded one by one: in one string, a single character beyond
 * Latin-1 would double the memory of all others, and few lines may be needed.
 */
function decoder(
  bytes: Uint8Array,
): (from: number, to: number) => string | null {
  const utf8 = new TextDecoder("utf-8");
  const allRight = isUtf8(bytes);
  return (from, to) => {
    const line = bytes.subarray(from, to);
    return allRight || isUtf8(line) ? utf8.decode(line) : null;
  };
}

function parseLine(line: string | null, field: string): TextOrReason {
  if (line === null) return { reason: "not UTF-8" };
  let record: unknown;
  try {
    record = parsePythonJson(line);
  } catch (error) {
    return {
      reason: `invalid JSON${syntaxErrorClause((error as Error).message)}`,
    };
  }
  return fieldText(record, field);
}

/**
 * The engine's message without the position, which is reported separately, and
 * without the text.
 */
function syntaxErrorClause(message: string): string {
  const column = message.match(/ at position (\d+)/)?.[1];
  const words = message
    .replace(/ at position \d+.*$/s, "")
    .replace(/, (\.\.\.)?".*$/s, "")
    .replace(
      / (in|after) JSON( input)?$/,
      (_, word) => word === "in" ? "" : " after its end",
    )
    .replace(/^Unexpected end of JSON input$/, "it ends too early");
  if (/is not valid JSON/.test(words)) return "";
  const place = column === undefined ? "" : ` at column ${Number(column) + 1}`;
  return ` (${
    oneLine(words[0].toLowerCase() + words.slice(1), CONTENT_LENGTH)
  }${place})`;
}
