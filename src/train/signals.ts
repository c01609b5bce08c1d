/**
 * Ctrl-C and `kill` as a wish, not an accident: the first asks the loop to
 * finish its step and save, the second ends the process at once.
 *
 * A step may take minutes in which this thread waits for the device, so another
 * one listens: it answers at once, and the second signal needs nobody.
 * @module
 */

/** What can ask a run to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** 128 and the signal's number, as shells expect. */
export const EXIT_CODES: Readonly<Record<StopSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
};

const SIGNALS = Object.keys(EXIT_CODES) as StopSignal[];

/** The other thread's program: as text it is part of a bundle too. */
const LISTENER = `onmessage = ({ data: { shared, signals, answers } }) => {
  const asked = new Int32Array(shared), listeners = [];
  signals.forEach((signal, i) => {
    const listener = () => {
      // From now on signals mean what they usually do.
      for (const known of listeners) Deno.removeSignalListener(...known);
      try {
        Deno.stderr.writeSync(new TextEncoder().encode(answers[i]));
      } catch {
        // Nobody reads it.
      }
      // Last: once asked, the other thread may end this one at any time.
      Atomics.store(asked, 0, i + 1);
    };
    try {
      Deno.addSignalListener(signal, listener);
      listeners.push([signal, listener]);
    } catch {
      // Windows knows no SIGTERM; SIGINT is enough there.
    }
  });
  postMessage("listening");
};`;

/** Listens for SIGINT and SIGTERM until disposed. */
export class StopRequest {
  readonly #asked: Int32Array;
  readonly #thread: Worker;

  private constructor(asked: Int32Array, thread: Worker) {
    this.#asked = asked;
    this.#thread = thread;
  }

  /**
   * @param answer what to tell the user at the first signal, on standard error
   */
  static async listen(
    answer: (signal: StopSignal) => string = () => "",
  ): Promise<StopRequest> {
    const shared = new SharedArrayBuffer(4);
    const url = `data:application/javascript,${encodeURIComponent(LISTENER)}`;
    const thread = new Worker(url, { type: "module", name: "signals" });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    thread.onmessage = resolve;
    const answers = SIGNALS.map(answer);
    thread.postMessage({ shared, signals: SIGNALS, answers });
    await promise;
    return new StopRequest(new Int32Array(shared), thread);
  }

  /** The signal that came, or null. Ask after each step. */
  get requested(): StopSignal | null {
    return SIGNALS[Atomics.load(this.#asked, 0) - 1] ?? null;
  }

  /** Give the signals their usual meaning back. */
  [Symbol.dispose](): void {
    this.#thread.terminate();
  }
}

/**
 * For work whose traces on disk are enough to go on from: a signal ends the process at once, and says so. Until disposed.
 *
 * @param tidy what is done before
 */
export function exitOnSignal(tidy: () => void = () => {}): Disposable {
  const listeners = SIGNALS.map((signal) => ({
    signal,
    listener() {
      const start = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
      // deno-lint-ignore blocksmith/console -- the last words of the process
      console.error(
        `${start}${signal}: stopped; run it again to go on from here`,
      );
      tidy();
      Deno.exit(EXIT_CODES[signal]);
    },
  }));
  const each = (act: (signal: Deno.Signal, listener: () => void) => void) => {
    for (const { signal, listener } of listeners) {
      try {
        act(signal, listener);
      } catch {
        // Windows knows no SIGTERM.
      }
    }
  };
  each(Deno.addSignalListener);
  return { [Symbol.dispose]: () => each(Deno.removeSignalListener) };
}
