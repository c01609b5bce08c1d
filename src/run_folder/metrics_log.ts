/**
 * What does a run log? `metrics.jsonl` has one JSON object per line. Records
 * are written immediately, and removed back to the checkpoint when a run
 * resumes.
 * @module
 */
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { fileError, hasCode } from "../fs/file_error.ts";
import { hasOtherNames, openPlain, readPlainText } from "../fs/plain_file.ts";
import { writeAll } from "../fs/sync.ts";

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
  /** Norm of the whole gradient before clipping. */
  grad_norm?: number;
  /** Tokens per second since the last record. */
  tokens_per_second?: number;
  /** Seconds of training, without the time between stop and resume. */
  elapsed?: number;
  /** Mean wait of a step for its batches since the last record, in ms. */
  data_wait_ms?: number;
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
  let text: string;
  try {
    text = readPlainText(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
  return text.split("\n").flatMap((line) => parse(line) ?? []);
}

function parse(line: string): MetricRecord | null {
  try {
    const record = JSON.parse(line);
    return Number.isSafeInteger(record?.step) ? record : null;
  } catch {
    return null;
  }
}

/**
 * Rewrites the file without torn lines and without records after a step. A file
 * with other names too, as in a copy by hard links, becomes one of its own.
 */
function cut(path: string, after: number): void {
  let text: string, linked: boolean;
  try {
    text = readPlainText(path);
    linked = hasOtherNames(Deno.lstatSync(path));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw fileError("read", path, error);
  }
  const kept = text.split("\n").filter((line) => {
    const record = parse(line);
    return record !== null && record.step <= after;
  });
  const whole = kept.map((line) => line + "\n").join("");
  if (whole !== text || linked) writeFileAtomic(path, whole);
}
