/**
 * How far an unfinished store has come, shard by shard, so that a killed run
 * can be resumed.
 *
 *     journal.jsonl   one checksummed line per shard; what the other files hold
 *                     beyond its last line does not count
 *     seen.bin        with `dedup`: hashes of the texts so far, 16 bytes each
 *
 * @module
 */
import { hash } from "node:crypto";
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { openLine, sealLine } from "../../fs/checksummed_lines.ts";
import { HASH_BYTES, SeenTexts } from "../pool/content_hash.ts";

const JOURNAL = "journal.jsonl";
const SEEN = "seen.bin";

/** The journal of one unfinished folder. */
export class Journal<State> {
  /** State saved by the last run; undefined if there is none. */
  readonly lastState: State | undefined;
  /** Hashes of the texts seen up to that state. */
  readonly seen: SeenTexts;
  #dir: string;
  #fingerprint: string;
  #lines: number;
  #seen: number;

  /**
   * Opens the journal of a folder and cuts it back to its last whole line, or
   * starts a new one.
   * @param fingerprint of the store that is written: the journal of another
   *   store is ignored
   */
  constructor(dir: string, fingerprint: string) {
    this.#dir = dir;
    this.#fingerprint = fingerprint;
    const { lines, bytes } = readLines<State>(join(dir, JOURNAL), fingerprint);
    const seen = readSeen(join(dir, SEEN), lines);
    this.seen = seen ?? new SeenTexts();
    this.lastState = seen ? lines.at(-1)?.state : undefined;
    this.#lines = seen ? lines.length : 0;
    this.#seen = this.seen.count;
    append(join(dir, JOURNAL), seen ? bytes : 0, new Uint8Array());
  }

  /** Appends a state. All that it counts on must be on disk already. */
  save(state: State): void {
    const { count } = this.seen;
    const hashes = this.seen.hashesFrom(this.#seen);
    if (hashes.length > 0) {
      append(join(this.#dir, SEEN), this.#seen * HASH_BYTES, hashes);
    }
    this.#seen = count;
    const line: Line<State> = {
      fingerprint: this.#fingerprint,
      line: this.#lines++,
      seen: count,
      added: hash("sha256", hashes, "hex"),
      state,
    };
    append(
      join(this.#dir, JOURNAL),
      null,
      new TextEncoder().encode(sealLine(line)),
    );
  }

  /** Removes the journal: the folder is finished, or is started over. */
  remove(): void {
    rmSync(join(this.#dir, JOURNAL), { force: true });
    rmSync(join(this.#dir, SEEN), { force: true });
  }
}

interface Line<State> {
  fingerprint: string;
  /** Number of the line: shows that no earlier line is missing. */
  line: number;
  /** Number of hashes in `seen.bin` by then. */
  seen: number;
  /** SHA-256 of the hashes that were added with this line. */
  added: string;
  state: State;
}

/** The lines up to the first that is torn, changed or from another store. */
function readLines<State>(
  path: string,
  fingerprint: string,
): { lines: Line<State>[]; bytes: number } {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // No file: the first run of this folder.
  }
  const lines: Line<State>[] = [];
  let from = 0;
  for (let end; (end = text.indexOf("\n", from)) >= 0; from = end + 1) {
    const line = openLine(text.slice(from, end)) as Line<State> | undefined;
    if (line?.fingerprint !== fingerprint || line.line !== lines.length) break;
    lines.push(line);
  }
  return { lines, bytes: new TextEncoder().encode(text.slice(0, from)).length };
}

/**
 * The hashes that the lines count; undefined if the file does not match them.
 */
function readSeen(
  path: string,
  lines: readonly { seen: number; added: string }[],
): SeenTexts | undefined {
  const seen = new SeenTexts();
  const count = lines.at(-1)?.seen ?? 0;
  if (count === 0) return seen;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  let from = 0;
  for (const line of lines) {
    const to = line.seen * HASH_BYTES;
    const added = bytes.subarray(from, to);
    if (hash("sha256", added, "hex") !== line.added) return undefined;
    from = to;
  }
  for (let at = 0; at < from; at += HASH_BYTES) {
    seen.add(bytes.subarray(at, at + HASH_BYTES));
  }
  return seen;
}

/**
 * Appends `bytes` to a file, first cut to `size` unless that is null, and waits
 * until they are on disk.
 */
function append(path: string, size: number | null, bytes: Uint8Array): void {
  const file = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND,
  );
  try {
    if (size !== null) ftruncateSync(file, size);
    for (let at = 0; at < bytes.length;) {
      at += writeSync(file, bytes, at, bytes.length - at);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
