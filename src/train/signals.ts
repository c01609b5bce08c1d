/**
 * What do Ctrl-C and `kill` do? The first signal requests a clean stop: the
 * loop finishes its step and saves. The second ends the process immediately.
 *
 * A step may take minutes in which this thread waits for the device. Therefore
 * another thread listens: it answers the first signal without delay, and gives
 * the second one its usual effect.
 * @module
 */

/** Signals that ask a run to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** 128 plus the signal's number, as shells expect. */
export const EXIT_CODES: Readonly<Record<StopSignal, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
};

const SIGNALS = Object.keys(EXIT_CODES) as StopSignal[];

/** The other thread's program, as text so that a bundle contains it. */
const LISTENER = `onmessage = ({ data: { shared, signals, answers } }) => {
  const asked = new Int32Array(shared), listeners = [];
  signals.forEach((signal, i) => {
    const listener = () => {
      // From now on signals have their usual effect.
      for (const known of listeners) Deno.removeSignalListener(...known);
      try {
        Deno.stderr.writeSync(new TextEncoder().encode(answers[i]));
      } catch {
        // Standard error is closed.
      }
      // Last: the other thread may end this one once it sees the request.
      Atomics.store(asked, 0, i + 1);
    };
    try {
      Deno.addSignalListener(signal, listener);
      listeners.push([signal, listener]);
    } catch {
      // Windows has no SIGTERM; SIGINT is enough there.
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
   * Starts listening.
   *
   * @param answer what the first signal prints on standard error
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

  /** The signal that was received, or null. Check it after each step. */
  get requested(): StopSignal | null {
    return SIGNALS[Atomics.load(this.#asked, 0) - 1] ?? null;
  }

  /** Gives the signals their usual effect again. */
  [Symbol.dispose](): void {
    this.#thread.terminate();
  }
}

/**
 * Until disposed, a signal ends the process immediately and says so: for work
 * that can be continued from what is on disk.
 *
 * @param tidy runs before the process ends
 */
export function exitOnSignal(tidy: () => void = () => {}): Disposable {
  const listeners = SIGNALS.map((signal) => ({
    signal,
    listener() {
      const start = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
      // deno-lint-ignore blocksmith/console -- the last words of the process
      console.error(
        `${start}${signal}: stopped; run it again to continue from here`,
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
        // Windows has no SIGTERM.
      }
    }
  };
  each(Deno.addSignalListener);
  return { [Symbol.dispose]: () => each(Deno.removeSignalListener) };
}
