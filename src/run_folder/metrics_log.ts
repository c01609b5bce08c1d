/**
 * `metrics.jsonl`: one line of JSON a record, appended at once, cut back to
 * the checkpoint when a run resumes.
 * @module
 */
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { fileError, hasCode } from "../fs/file_error.ts";
import { writeAll } from "../fs/sync.ts";

/** What one line says; only `step` is in all of them. */
export interface MetricRecord {
  /** Optimizer steps done. */
  step: number;
  /** Tokens seen since the run's first step. */
  tokens?: number;
  /** Mean training loss since the last record, in nats a token. */
  loss?: number;
  /** Learning rate of this step. */
  lr?: number;
  /** Norm of the whole gradient before clipping. */
  grad_norm?: number;
  /** Tokens a second since the last record. */
  tokens_per_second?: number;
  /** Seconds of training, without the pauses between resumes. */
  elapsed?: number;
  /** Milliseconds that a step waited for its batches, mean since the last record. */
  data_wait_ms?: number;
  /** Anything else, for instance `eval_loss`. */
  [key: string]: unknown;
}

/** The usual keys come first, in this order, whatever order they were given in. */
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
  /** Where it lies. */
  readonly path: string;
  #file: Deno.FsFile;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Open for appending; made if missing. A last line torn by a kill is
   * removed.
   *
   * @param after the step that the run resumes from: records of later steps
   * are cut, as they will be written again
   * @throws {UserError} where the disk refuses
   */
  static open(path: string, after = Infinity): MetricsLog {
    cut(path, after);
    try {
      return new MetricsLog(
        path,
        Deno.openSync(path, { append: true, create: true }),
      );
    } catch (error) {
      throw fileError("write", path, error);
    }
  }

  /**
   * Append a record. It is with the operating system on return, so that a
   * killed process loses none. Not-finite numbers become null.
   *
   * @throws {UserError} where the disk refuses; no part of the line remains
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
        // The torn line will be cut when the run resumes.
      }
      throw fault;
    }
  }

  /** Bring all records to the disk, to go with a checkpoint through a power cut. */
  sync(): void {
    try {
      this.#file.syncDataSync();
    } catch (error) {
      throw fileError("write", this.path, error);
    }
  }

  /** Let go of the file. */
  close(): void {
    this.#file.close();
  }

  /** As {@linkcode close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * The whole records of a `metrics.jsonl`; what is not one is passed over.
 *
 * @throws {UserError} if the file cannot be read
 */
export function readMetrics(path: string): MetricRecord[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
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

/** Rewrite the file without torn lines and without records after a step. */
function cut(path: string, after: number): void {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return;
    throw fileError("read", path, error);
  }
  const kept = text.split("\n").filter((line) => {
    const record = parse(line);
    return record !== null && record.step <= after;
  });
  const whole = kept.map((line) => line + "\n").join("");
  if (whole !== text) writeFileAtomic(path, whole);
}
