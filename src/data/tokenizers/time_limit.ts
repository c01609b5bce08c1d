/**
 * A limit of time for work that a hostile tokenizer could make endless: a
 * regular expression that backtracks cannot be interrupted from JavaScript, and
 * ending its thread does not stop it either. `node:vm` can.
 * @module
 */
import process from "node:process";
import { Script } from "node:vm";

/** Work took longer than its limit. */
export class TimeLimitError extends Error {
  /** The limit in seconds. */
  readonly seconds: number;

  constructor(ms: number) {
    super(`longer than ${ms} ms`);
    this.seconds = ms / 1000;
  }
}

/** Where the script finds the work: it shares only the global object. */
const WORK = Symbol.for("blocksmith.work");
const script = new Script(`globalThis[Symbol.for("blocksmith.work")]()`);
const shared = globalThis as unknown as Record<symbol, () => unknown>;

/** A reading of the thread's CPU time, which takes as long as the limit. */
let cpu = { at: -Infinity, ms: 0 };
/** For how long a reading is good enough, in milliseconds. */
const READING_MS = 20;

/**
 * A thread with less of a core than this part makes no progress that could be
 * judged.
 */
const LEAST_SHARE = 4;

/**
 * Does synchronous work; takes 10 µs itself.
 *
 * What counts is this thread's CPU time: where the process was stopped, or many
 * share a core, the work starts again with more time. Its state may be
 * inconsistent then and after an error: it can be interrupted anywhere.
 *
 * @param ms the limit in milliseconds
 * @param work must not call this function
 * @throws {TimeLimitError} if it takes longer
 */
export function withTimeLimit<T>(ms: number, work: () => T): T {
  shared[WORK] = work;
  for (let timeout = Math.ceil(ms);; timeout *= 2) {
    const now = performance.now();
    if (now - cpu.at > READING_MS) cpu = { at: now, ms: cpuMs() };
    try {
      return script.runInThisContext({ timeout }) as T;
    } catch (error) {
      if (!isTimeout(error)) throw error;
      if (cpuMs() - cpu.ms >= ms / LEAST_SHARE) throw new TimeLimitError(ms);
    }
  }
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code ===
    "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
