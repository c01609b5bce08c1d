/**
 * Threads that read and tokenise. Without any, this thread does the same work.
 * @module
 */
import { UserError } from "../../errors.ts";
import { startWorker } from "../../workers/start.ts";
import { PROBE } from "../tokenizers/tokenizer.ts";
import type { FileFacts, SourceFile } from "../sources/source_file.ts";
import { doJob, type Job, type Setup } from "./tokenize_worker.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { TokenizeOptions } from "./tokenize_unit.ts";
import type { TokenizedUnit, WorkUnit } from "./work_unit.ts";

/** What a worker answers. */
export type Answer =
  | { id: number; result: unknown }
  | {
    id: number;
    error: { message: string; stack?: string | undefined; user: boolean };
  }
  /** Bytes of files that it has just read. */
  | { bytes: number };

/** A thread has ended that should not have: what is on disk stays good. */
export class WorkerDiedError extends UserError {
  constructor(reason: string) {
    super(
      `Cannot prepare the data as a worker thread stopped (${reason}): run again, with fewer 'data.workers' if memory is short`,
    );
  }
}

/** Jobs at a worker, one of them waiting, so that it never waits for this thread. */
const JOBS_EACH = 2;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  jobs: Map<number, Waiting>;
}

/** Some threads with the same tokenizer. Close it when done. */
export class TokenizePool {
  #threads: Thread[];
  #queue: { job: Job; transfer: Transferable[]; waiting: Waiting }[] = [];
  #next = 0;
  #tokenizer: Tokenizer;
  #options: TokenizeOptions;
  #onBytes: (bytes: number) => void = () => {};
  #failed: unknown;

  /** @param workers number of threads; 0 does all in this one */
  constructor(workers: number, tokenizer: Tokenizer, options: TokenizeOptions) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    const setup: Setup = {
      tokenizer: tokenizer.source ?? tokenizer.name,
      threads: workers,
      probe: workers > 0 ? tokenizer.encode(PROBE) : new Uint32Array(),
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
   * The facts of some files, in order.
   * @throws {UserError} if a file cannot be opened.
   */
  async inspect(
    files: SourceFile[],
    onBytes: (bytes: number) => void,
  ): Promise<FileFacts[]> {
    this.#onBytes = onBytes;
    return await this.#run({ do: "inspect", files }, []) as FileFacts[];
  }

  /**
   * The tokens of a unit.
   * @throws {UserError} see `tokenizeUnit()`.
   */
  async tokenize(
    unit: WorkUnit,
    transfer: Transferable[],
  ): Promise<TokenizedUnit> {
    return await this.#run({ do: "tokenize", unit }, transfer) as TokenizedUnit;
  }

  /** Ends the threads, whatever they are at. */
  close(): void {
    for (const { worker } of this.#threads) worker.terminate();
  }

  #run(job: Job, transfer: Transferable[]): Promise<unknown> {
    if (this.#failed) return Promise.reject(this.#failed);
    if (this.#threads.length === 0) {
      return doJob(
        job,
        () => Promise.resolve(this.#tokenizer),
        this.#options,
        this.#onBytes,
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, transfer, waiting: { resolve, reject } });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#threads.reduce((a, b) =>
        b.jobs.size < a.jobs.size ? b : a
      );
      if (thread.jobs.size >= JOBS_EACH) return;
      const { job, transfer, waiting } = this.#queue.shift()!;
      const id = this.#next++;
      thread.jobs.set(id, waiting);
      thread.worker.postMessage({ id, job }, transfer);
    }
  }

  #start(setup: Setup): Thread {
    const thread: Thread = { worker: startWorker("tokenize"), jobs: new Map() };
    thread.worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("bytes" in data) return this.#onBytes(data.bytes);
      const waiting = thread.jobs.get(data.id)!;
      thread.jobs.delete(data.id);
      if ("result" in data) waiting.resolve(data.result);
      else waiting.reject(errorOf(data.error));
      this.#dispatch();
    };
    thread.worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new WorkerDiedError(event.message.split("\n")[0]));
    };
    thread.worker.onmessageerror = () =>
      this.#fail(new WorkerDiedError("its answer was lost"));
    thread.worker.postMessage({ setup });
    return thread;
  }

  /** Nothing more will come: all that wait are told. */
  #fail(error: unknown): void {
    this.#failed = error;
    for (const { jobs } of this.#threads) {
      for (const waiting of jobs.values()) waiting.reject(error);
      jobs.clear();
    }
    for (const { waiting } of this.#queue) waiting.reject(error);
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
