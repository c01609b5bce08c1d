/**
 * What does a run log? `metrics.jsonl` has one JSON object per line. Records
 * are written immediately, and removed back to the checkpoint when a run
 * resumes.
 * @module
 */
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { requireBounded } from "../fs/bounded_file.ts";
import { exists, fileError } from "../fs/file_error.ts";
import { hasOtherNames, openPlain, requirePlain } from "../fs/plain_file.ts";
import { writeAll } from "../fs/sync.ts";
import { quoted } from "../terminal/quote.ts";

/** Largest file that is read, in bytes: a million steps have about 300 MB. */
const MAX_BYTES = 2 ** 30;
/** Most records that are read, at about 300 bytes of memory each. */
const MAX_RECORDS = 4_000_000;
/** Longest line in bytes: a longer one is no record. */
const MAX_LINE = 2 ** 20;

/** One line; only `step` is in all of them. */
export interface MetricRecord {
  /** Optimizer steps done. */
  step: number;
  /** Tokens seen since the run's first step. */
  tokens?: number;
  /** Mean training loss since the last record, in nats per token. */
  loss?: number;
  /** Learning rate of this step. */
  lr?: number;
  /**
   * Norm of the whole gradient before clipping; absent where loss scaling
   * skipped all steps since the last record.
   */
  grad_norm?: number | undefined;
  /** Tokens per second since the last record. */
  tokens_per_second?: number;
  /** Seconds of training, without the time between stop and resume. */
  elapsed?: number;
  /** Mean wait of a step for its batches since the last record, in ms. */
  data_wait_ms?: number;
  /** Scale of the loss in the last step; absent without loss scaling. */
  loss_scale?: number | undefined;
  /** Steps that loss scaling has skipped since the run's first step. */
  skipped_steps?: number | undefined;
  /** Anything else, for instance `eval_loss`. */
  [key: string]: unknown;
}

/** Keys that come first, in this order. */
const ORDER = [
  "step",
  "tokens",
  "loss",
  "lr",
  "grad_norm",
  "tokens_per_second",
  "elapsed",
  "data_wait_ms",
  "loss_scale",
  "skipped_steps",
];

/** An open `metrics.jsonl`. */
export class MetricsLog {
  /** Path of the file. */
  readonly path: string;
  #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens the file for appending; creates it if missing. A last line torn by a
   * kill is removed.
   *
   * @param after the step that the run resumes from: records of later steps are
   *   removed, as they are written again
   * @throws {UserError} if the file cannot be written
   */
  static open(path: string, after = Infinity): MetricsLog {
    cut(path, after);
    try {
      return new MetricsLog(
        path,
        openPlain(path, { append: true, create: true }),
      );
    } catch (error) {
      throw fileError("write", path, error);
    }
  }

  /**
   * Appends a record. On return the operating system has it, so that a killed
   * process loses none. Numbers that are not finite become null.
   *
   * @throws {UserError} if it cannot be written; no part of the line remains
   */
  write(record: MetricRecord): void {
    const keys = new Set([...ORDER, ...Object.keys(record)]);
    const ordered = [...keys].map((key) => [key, record[key]]);
    const line = JSON.stringify(Object.fromEntries(ordered)) + "\n";
    const size = this.#file.statSync().size;
    try {
      writeAll(this.#file, new TextEncoder().encode(line));
    } catch (error) {
      const fault = fileError("write", this.path, error);
      try {
        this.#file.truncateSync(size);
      } catch {
        // The torn line is removed when the run resumes.
      }
      throw fault;
    }
  }

  /**
   * Syncs all records to disk, so that they survive a power cut as the
   * checkpoint does.
   */
  sync(): void {
    try {
      this.#file.syncDataSync();
    } catch (error) {
      throw fileError("write", this.path, error);
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  /** As {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * The complete records of a `metrics.jsonl`; other lines are skipped.
 *
 * @throws {UserError} if the file cannot be read
 */
export function readMetrics(path: string): MetricRecord[] {
  const records: MetricRecord[] = [];
  for (const line of metricLines(path)) {
    const record = parse(line);
    if (record) records.push(record);
    if (records.length > MAX_RECORDS) {
      throw new UserError(
        `Cannot read ${
          quoted(path)
        } as it has more than ${MAX_RECORDS} records`,
      );
    }
  }
  return records;
}

/**
 * The lines of a `metrics.jsonl` that are not blank. As one string, a long run
 * would exceed the longest there is, which has 512 MB.
 *
 * @throws {UserError} if the file cannot be read
 */
export function* metricLines(path: string): Generator<Uint8Array> {
  let bytes: Uint8Array;
  try {
    requirePlain(path, "file");
    requireBounded(path, MAX_BYTES);
    bytes = Deno.readFileSync(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found < 0 ? bytes.length : found;
    if (end > start) yield bytes.subarray(start, end);
    start = end + 1;
  }
}

const NEWLINE = 10;
const utf8 = new TextDecoder();

function parse(line: Uint8Array): MetricRecord | null {
  if (line.length > MAX_LINE) return null;
  try {
    const record = JSON.parse(utf8.decode(line));
    return Number.isSafeInteger(record?.step) ? record : null;
  } catch {
    return null;
  }
}

/**
 * Rewrites the file without torn lines and without records after a step. A file
 * with other names too, as in a copy by hard links, is replaced by a copy.
 */
function cut(path: string, after: number): void {
  if (!exists(path)) return;
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for (const line of metricLines(path)) {
    const record = parse(line);
    if (record === null || record.step > after) continue;
    kept.push(line);
    bytes += line.length + 1;
  }
  // Equal sizes: no line was left out, and each had its newline.
  const info = Deno.lstatSync(path);
  if (bytes === info.size && !hasOtherNames(info)) return;
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const line of kept) {
    whole.set(line, at);
    at += line.length;
    whole[at++] = NEWLINE;
  }
  writeFileAtomic(path, whole);
}
