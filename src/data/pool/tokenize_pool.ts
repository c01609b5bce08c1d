/**
 * Worker threads that scan files and tokenize units. Without any, the calling
 * thread does the same work.
 * @module
 */
import { UserError } from "../../errors.ts";
import { startWorker } from "../../workers/start.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";
import { type Tokenizer, TOKENIZER_PROBE } from "../tokenizers/tokenizer.ts";
import type { TokenizeOptions } from "./tokenize_unit.ts";
import { runJob, type WorkerJob, type WorkerSetup } from "./tokenize_worker.ts";
import type { TokenizedUnit, WorkUnit } from "./work_unit.ts";

/** A worker's reply to the main thread. */
export type WorkerReply =
  | { id: number; result: unknown }
  | {
    id: number;
    error: { message: string; stack?: string | undefined; user: boolean };
  }
  /** Bytes of files that the worker has read since its last report. */
  | { bytes: number };

/** A worker thread ended unexpectedly. What is on disk stays valid. */
export class WorkerDiedError extends UserError {
  constructor(reason: string) {
    super(
      `Cannot prepare the data as a worker thread stopped (${reason}): run again, with fewer 'data.workers' if memory is short`,
    );
  }
}

/**
 * Jobs sent to each thread: one runs and one waits there, so that no thread
 * waits for the main thread.
 */
const JOBS_PER_THREAD = 2;

interface JobCallbacks {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  pending: Map<number, JobCallbacks>;
}

/** Worker threads with the same tokenizer. Close the pool when done. */
export class TokenizePool {
  #threads: Thread[];
  #queue: {
    job: WorkerJob;
    transfer: Transferable[];
    callbacks: JobCallbacks;
  }[] = [];
  #next = 0;
  #tokenizer: Tokenizer;
  #options: TokenizeOptions;
  #onBytes: (bytes: number) => void = () => {};
  #failed: unknown;

  /** @param workers number of threads; 0 runs jobs in the calling thread */
  constructor(workers: number, tokenizer: Tokenizer, options: TokenizeOptions) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    const setup: WorkerSetup = {
      tokenizer: tokenizer.source ?? tokenizer.name,
      threads: workers,
      probe: workers > 0
        ? tokenizer.encode(TOKENIZER_PROBE)
        : new Uint32Array(),
      options,
    };
    this.#threads = Array.from(
      { length: workers },
      () => this.#start(setup),
    );
  }

  /** Number of jobs that keep all threads busy. */
  get width(): number {
    return Math.max(1, this.#threads.length);
  }

  /**
   * Scans files.
   * @returns what each file holds, in order
   * @throws {UserError} if a file cannot be opened.
   */
  async scan(
    files: SourceFile[],
    onBytes: (bytes: number) => void,
  ): Promise<FileScan[]> {
    this.#onBytes = onBytes;
    return await this.#run({ do: "scan", files }, []) as FileScan[];
  }

  /**
   * Tokenizes a unit.
   * @throws {UserError} see `tokenizeUnit()`.
   */
  async tokenize(
    unit: WorkUnit,
    transfer: Transferable[],
  ): Promise<TokenizedUnit> {
    return await this.#run({ do: "tokenize", unit }, transfer) as TokenizedUnit;
  }

  /** Ends the threads, running jobs included. */
  close(): void {
    for (const { worker } of this.#threads) worker.terminate();
  }

  #run(job: WorkerJob, transfer: Transferable[]): Promise<unknown> {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#threads.length === 0) {
      return runJob(
        job,
        () => Promise.resolve(this.#tokenizer),
        this.#options,
        this.#onBytes,
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, transfer, callbacks: { resolve, reject } });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.reduce((a, b) =>
        b.pending.size < a.pending.size ? b : a
      );
      if (thread.pending.size >= JOBS_PER_THREAD) return;
      const { job, transfer, callbacks } = this.#queue.shift()!;
      const id = this.#next++;
      thread.pending.set(id, callbacks);
      thread.worker.postMessage({ id, job }, transfer);
    }
  }

  #start(setup: WorkerSetup): Thread {
    const thread: Thread = {
      worker: startWorker("tokenize"),
      pending: new Map(),
    };
    thread.worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      if ("bytes" in data) return this.#onBytes(data.bytes);
      const callbacks = thread.pending.get(data.id)!;
      thread.pending.delete(data.id);
      if ("result" in data) callbacks.resolve(data.result);
      else callbacks.reject(errorOf(data.error));
      this.#dispatch();
    };
    thread.worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new WorkerDiedError(event.message.split("\n")[0]));
    };
    thread.worker.onmessageerror = () =>
      this.#fail(new WorkerDiedError("its reply was lost"));
    thread.worker.postMessage({ setup });
    return thread;
  }

  /** Rejects all pending jobs: the pool cannot continue. */
  #fail(error: unknown): void {
    this.#failed = error;
    for (const { pending } of this.#threads) {
      for (const callbacks of pending.values()) callbacks.reject(error);
      pending.clear();
    }
    for (const { callbacks } of this.#queue) callbacks.reject(error);
    this.#queue = [];
  }
}

function errorOf(
  { message, stack, user }: {
    message: string;
    stack?: string | undefined;
    user: boolean;
  },
): Error {
  const error = user ? new UserError(message) : new Error(message);
  if (stack) error.stack = stack;
  return error;
}
