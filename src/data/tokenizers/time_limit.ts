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

/** A reading of the thread's CPU time; it takes 10 µs, as setting a limit. */
let cpu = { at: -Infinity, ms: 0 };
/** For how long a reading is good enough, in milliseconds. */
const READING_MS = 20;

/** Most growth of the time per attempt, where the thread hardly ran. */
const MOST_GROWTH = 4;
/**
 * The part of the limit that must have been used: the share of a core that the
 * thread gets may change between attempts.
 */
const ENOUGH = 0.5;

/**
 * Does synchronous work within a limit of time; takes 10 µs itself.
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
  for (let timeout = ms;;) {
    const now = performance.now();
    if (now - cpu.at > READING_MS) cpu = { at: now, ms: cpuMs() };
    try {
      return script.runInThisContext({ timeout: Math.ceil(timeout) }) as T;
    } catch (error) {
      if (!isTimeout(error)) throw error;
      const used = cpuMs() - cpu.ms;
      if (used >= ms * ENOUGH) throw new TimeLimitError(ms);
      // As long as the limit takes at the share of a core that there was.
      timeout *= Math.min(ms / used, MOST_GROWTH);
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
