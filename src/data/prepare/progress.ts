/**
 * Progress of a long reading, in bytes.
 * @module
 */

/** Called with the number of bytes that were just done; awaited so that the event loop gets its turn. */
export type OnBytes = (bytes: number) => void | Promise<void>;

/** How far `prepare()` has come: `done` of `total` bytes in this phase. */
export interface PrepareProgress {
  /**
   * "wait": another process prepares the same. "check": files are read and hashed, bytes are as they lie on disk.
   * "tokenize": the store is written, bytes are unpacked; a run that goes on with one does not begin at 0.
   */
  phase: "wait" | "check" | "tokenize";
  done: number;
  total: number;
}

const INTERVAL_MS = 50;

/** Adds up bytes, `from` some on; reports at the first, at the last and about every 50 ms, and then lets the event loop have its turn. */
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
