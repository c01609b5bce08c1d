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
 * How long the thread that a signal asks to end the process may take, before
 * the signal does.
 */
const GRACE_MS = 300;

/** As `LISTENER`: it ends the process where the other thread is busy. */
const EXIT_LISTENER =
  `onmessage = ({ data: { signals, answers, graceMs } }) => {
  const listeners = [];
  signals.forEach((signal, i) => {
    const listener = () => {
      // From now on signals have their usual effect.
      for (const known of listeners) Deno.removeSignalListener(...known);
      try {
        Deno.stderr.writeSync(new TextEncoder().encode(answers[i]));
      } catch {
        // Standard error is closed.
      }
      postMessage(signal);
      setTimeout(() => Deno.kill(Deno.pid, signal), graceMs);
    };
    try {
      Deno.addSignalListener(signal, listener);
      listeners.push([signal, listener]);
    } catch {
      // Windows has no SIGTERM; SIGINT is enough there.
    }
  });
};`;

/**
 * Until disposed, a signal ends the process immediately and says so: for work
 * that can be continued from what is on disk.
 *
 * @param tidy runs before the process ends, unless this thread is busy for
 *   longer than 300 ms, as with a hostile file
 */
export function exitOnSignal(tidy: () => void = () => {}): Disposable {
  const signals = SIGNALS;
  const url = `data:application/javascript,${
    encodeURIComponent(EXIT_LISTENER)
  }`;
  const thread = new Worker(url, { type: "module", name: "signals" });
  thread.onmessage = ({ data }: MessageEvent<StopSignal>) => {
    tidy();
    Deno.exit(EXIT_CODES[data]);
  };
  const start = Deno.stderr.isTerminal() ? "\r\x1b[K" : "";
  const answers = signals.map((signal) =>
    `${start}${signal}: stopped; run it again to continue from here\n`
  );
  thread.postMessage({ signals, answers, graceMs: GRACE_MS });
  return { [Symbol.dispose]: () => thread.terminate() };
}
