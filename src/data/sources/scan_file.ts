/**
 * The first pass over a file: how many documents it holds, and its digest.
 * @module
 */
import { createHash } from "node:crypto";
import { openBytes } from "./compression/open_decompressed.ts";
import { fileBlocks } from "./file_blocks.ts";
import { jsonLines } from "./json_lines.ts";
import { inspectRows } from "./parquet/read_rows.ts";
import type { FileScan, SourceFile } from "./source_file.ts";
import { AccessError, UnreadableError } from "./unreadable_error.ts";
import { guessEncoding, Utf8Check } from "./utf8_check.ts";

/** How a file is scanned. */
export interface ScanFileOptions {
  /** Called with the numbers of bytes on disk that were read. */
  onBytes?: (bytes: number) => void;
}

type ContentScan = Omit<FileScan, "digest">;

/**
 * Reads a file once. Faults in its content, and that it cannot be read, are
 * part of the result.
 */
export async function scanFile(
  file: SourceFile,
  options: ScanFileOptions = {},
): Promise<FileScan> {
  try {
    return await scanBytes(file, options);
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    const { reason: unopened } = error;
    return { digest: "", documents: 0, unpacked: 0, fault: null, unopened };
  }
}

async function scanBytes(
  file: SourceFile,
  { onBytes }: ScanFileOptions,
): Promise<FileScan> {
  const hash = createHash("sha256");
  let read = 0;
  const onPacked = (block: Uint8Array) => {
    hash.update(block);
    read += block.length;
    onBytes?.(block.length);
  };
  const found = await scanContent(file, onPacked);
  // A fault ends the scan early, but files are equal only if all their bytes
  // are.
  for (const block of fileBlocks(file, { from: read })) onPacked(block);
  return { digest: hash.digest("hex"), ...found };
}

function scanContent(
  file: SourceFile,
  onPacked: (block: Uint8Array) => void,
): Promise<ContentScan> {
  if (file.format === "parquet") return scanParquet(file);
  return file.format === "jsonl"
    ? scanLines(file, onPacked)
    : scanText(file, onPacked);
}

async function scanParquet(file: SourceFile): Promise<ContentScan> {
  try {
    const { rows, unpacked } = await inspectRows(file);
    return { documents: rows, unpacked, fault: null };
  } catch (error) {
    return { documents: 0, unpacked: 0, fault: faultOf(error) };
  }
}

async function scanText(
  file: SourceFile,
  onPacked: (block: Uint8Array) => void,
): Promise<ContentScan> {
  const utf8 = new Utf8Check();
  let unpacked = 0;
  let binary = false;
  let encoding: FileScan["encoding"];
  try {
    for await (const block of openBytes(file, onPacked)) {
      if (unpacked === 0) encoding = guessEncoding(block);
      unpacked += block.length;
      binary = block.includes(0);
      if (binary) break;
      utf8.add(block);
    }
  } catch (error) {
    return { documents: 0, unpacked, fault: faultOf(error) };
  }
  const not = binary ? "binary" : utf8.end() ? undefined : "undecodable";
  return {
    documents: 1,
    unpacked,
    fault: null,
    ...not && { not, ...encoding && { encoding } },
  };
}

async function scanLines(
  file: SourceFile,
  onPacked: (block: Uint8Array) => void,
): Promise<ContentScan> {
  let documents = 0;
  let unpacked = 0;
  try {
    for await (const block of jsonLines(file, { onPacked })) {
      if (documents === 0 && startsArray(block.bytes)) {
        return { documents, unpacked, fault: ARRAY };
      }
      documents += block.documents;
      unpacked += block.bytes.length;
    }
  } catch (error) {
    const fault = faultOf(error);
    // Lines that may be wrong are not used, even if faults are skipped.
    const { suspect } = error as UnreadableError;
    return { documents: suspect ? 0 : documents, unpacked, fault };
  }
  return { documents, unpacked, fault: null };
}

const ARRAY =
  "it is a JSON array, not JSON Lines: convert it, for example with jq -c '.[]'";

/**
 * Whether the first character after a byte-order mark and white space is `[`.
 */
function startsArray(bytes: Uint8Array): boolean {
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const first = bytes.findIndex((byte, i) => byte > 0x20 && !(marked && i < 3));
  return bytes[first] === 0x5b;
}

function faultOf(error: unknown): string {
  if (error instanceof UnreadableError) return error.fault;
  throw error;
}
