/**
 * Progress of a long pass over files, in bytes.
 * @module
 */

/**
 * Called with the number of bytes just processed; awaited so that the event
 * loop gets its turn.
 */
export type OnBytes = (bytes: number) => void | Promise<void>;

/** How far `prepare()` is: `done` of `total` bytes in this phase. */
export interface PrepareProgress {
  /**
   * "wait": another process prepares the same data. "check": files are read and
   * hashed; bytes are those on disk. "tokenize": the store is written; bytes
   * are uncompressed, and a resumed run does not start at 0.
   */
  phase: "wait" | "check" | "tokenize";
  done: number;
  total: number;
}

const INTERVAL_MS = 50;

/**
 * Adds up bytes, starting at `from`. Reports the first, the last and one about
 * every 50 ms, and then lets the event loop have its turn.
 */
export function progressMeter(
  phase: PrepareProgress["phase"],
  total: number,
  onProgress: ((progress: PrepareProgress) => void) | undefined,
  from = 0,
): OnBytes {
  let done = from;
  let next = 0;
  return (bytes) => {
    const last = done < total && done + bytes >= total;
    done += bytes;
    const now = performance.now();
    if (now < next && !last) return;
    next = now + INTERVAL_MS;
    onProgress?.({ phase, done: Math.min(done, total), total });
    return new Promise((resolve) => setTimeout(resolve));
  };
}
