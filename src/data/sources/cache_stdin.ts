/**
 * Standard input as a file: it can be read only once, but a store needs two
 * passes, so it is cached under the hash of its content.
 * @module
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import { FileError, fileError, hasCode } from "../../fs/file_error.ts";
import { openBytes } from "./mod.ts";
import type { Format, SourceFile } from "./source_file.ts";

/** How a stream is cached. */
export interface CacheStdinOptions {
  /** The file is made in `<cacheDir>/stdin/`. */
  cacheDir: string;
  /** Its format; null to detect it from the first bytes. */
  format: Format | null;
  /** Called with the number of bytes so far. */
  onBytes?: (bytes: number) => void;
}

/**
 * Start of the name of a file that is being written, and the age from which on
 * it is abandoned.
 */
const DRAFT = ".draft-", DRAFT_MS = 24 * 3600 * 1000;

const GZIP = [0x1f, 0x8b], ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const PARQUET = [0x50, 0x41, 0x52, 0x31];

/**
 * Writes a stream to `<cacheDir>/stdin/<SHA-256><ending>` and returns that
 * path; equal streams share a file. The ending says what was found: Parquet,
 * JSON Lines (the first character is a brace) or text, and gzip or zstd around
 * the latter two. Files are kept until the user deletes them, because runs
 * refer to them.
 * @throws {UserError} if the stream is empty, or the disk is full.
 */
export async function cacheStdin(
  stream: AsyncIterable<Uint8Array>,
  { cacheDir, format, onBytes }: CacheStdinOptions,
): Promise<string> {
  const folder = join(cacheDir, "stdin");
  const draft = join(folder, `${DRAFT}${Deno.pid}-${crypto.randomUUID()}`);
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    mkdirSync(folder, { recursive: true });
    removeOldDrafts(folder);
    const file = openSync(draft, "wx");
    try {
      for await (const block of stream) {
        hash.update(block);
        for (let at = 0; at < block.length;) {
          at += writeSync(file, block, at, block.length - at);
        }
        bytes += block.length;
        onBytes?.(bytes);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (bytes === 0) {
      throw new UserError(
        "Cannot read standard input as it is empty: pipe text into this command",
      );
    }
    const ending = await detectEnding(draft, bytes, format);
    const path = join(folder, hash.digest("hex") + ending);
    renameSync(draft, path);
    return path;
  } catch (error) {
    rmSync(draft, { force: true });
    if (error instanceof UserError) throw error;
    const fault = fileError("write", folder, error);
    const reason = hasCode(error, "ENOSPC")
      ? " as the disk is full: free some space, or set 'data.cache' to a folder on another disk"
      : `: ${fault instanceof FileError ? fault.reason : fault.message}`;
    throw new UserError(`Cannot cache standard input in '${folder}'${reason}`, {
      cause: error,
    });
  }
}

/** The file name's ending, from which readers know the format. */
async function detectEnding(
  path: string,
  bytes: number,
  format: Format | null,
): Promise<string> {
  const head = new Uint8Array(4);
  const file = openSync(path, "r");
  try {
    readSync(file, head, 0, head.length, 0);
  } finally {
    closeSync(file);
  }
  const starts = (magic: number[]) => magic.every((b, i) => head[i] === b);
  if (format === "parquet" || format === null && starts(PARQUET)) {
    return ".parquet";
  }
  const [packed, compression] = starts(GZIP)
    ? [".gz", "gzip"] as const
    : starts(ZSTD)
    ? [".zst", "zstd"] as const
    : ["", "none"] as const;
  const lines = format === null
    ? await beginsWithBrace({
      name: "standard input",
      path,
      bytes,
      format: "text",
      compression,
      field: "",
    })
    : format === "jsonl";
  return (lines ? ".jsonl" : ".txt") + packed;
}

/**
 * Whether the first character that is not white space, decompressed, is `{`;
 * true as well if the file cannot be read.
 */
async function beginsWithBrace(file: SourceFile): Promise<boolean> {
  try {
    for await (const block of openBytes(file)) {
      const first = block.find((byte) => ![0x20, 9, 10, 13].includes(byte));
      if (first !== undefined) return first === 0x7b;
    }
    return false;
  } catch {
    // The reader of JSON Lines will report what is wrong, and where.
    return true;
  }
}

/** Removes files that killed runs have left. */
function removeOldDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(DRAFT)) continue;
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && Date.now() - stats.mtimeMs > DRAFT_MS) {
      rmSync(path, { force: true });
    }
  }
}
