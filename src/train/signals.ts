/**
 * What do Ctrl-C, `kill` and a closed terminal do? The first signal requests a
 * clean stop: the loop finishes its step and saves. A second SIGINT or SIGTERM
 * ends the process immediately.
 *
 * A second SIGHUP does nothing more: when a terminal closes, its shell and the
 * system both send one, and service managers send one together with SIGTERM.
 *
 * A step may take minutes in which this thread waits for the device. Therefore
 * another thread listens: it answers the first signal without delay, and gives
 * the second one its usual effect.
 * @module
 */

/** Signals that ask a run to stop. */
export type StopSignal = "SIGHUP" | "SIGINT" | "SIGTERM";

/** 128 plus the signal's number, as shells expect. */
export const EXIT_CODES: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

/**
 * The signals to listen for: not SIGHUP where the process started with it
 * ignored, as under `nohup`. SIGINT is listened for even so: scripts start runs
 * with `&`, for which a shell ignores it unasked, and end them with `kill
 * -INT`.
 */
function stopSignals(): StopSignal[] {
  const all = Object.keys(EXIT_CODES) as StopSignal[];
  if (!HANG_UP_IGNORED) return all;
  // A listener for any signal makes Deno give SIGHUP its usual effect, unless
  // it has a listener too.
  Deno.addSignalListener("SIGHUP", ignore);
  return all.filter((signal) => signal !== "SIGHUP");
}

function ignore(): void {}

/** Whether SIGHUP was ignored at the start; false where that is not known. */
const HANG_UP_IGNORED: boolean = (() => {
  try {
    const status = Deno.readTextFileSync("/proc/self/status");
    const last = /^SigIgn:\s*[0-9a-f]*([0-9a-f])$/m.exec(status)![1];
    // The lowest bit is that of signal 1, SIGHUP.
    return (parseInt(last, 16) & 1) === 1;
  } catch {
    return false;
  }
})();

/** The other thread's program, as text so that a bundle contains it. */
const LISTENER = `onmessage = ({ data: { shared, signals, answers } }) => {
  const asked = new Int32Array(shared), ending = [], answered = new Set();
  signals.forEach((signal, i) => {
    const listener = () => {
      if (signal !== "SIGHUP") {
        // From now on SIGINT and SIGTERM have their usual effect.
        for (const known of ending.splice(0)) Deno.removeSignalListener(...known);
      }
      try {
        if (!answered.has(signal)) {
          Deno.stderr.writeSync(new TextEncoder().encode(answers[i]));
        }
      } catch {
        // Standard error is closed, or the terminal is gone.
      }
      answered.add(signal);
      // Last: the other thread may end this one once it sees the request.
      Atomics.compareExchange(asked, 0, 0, i + 1);
    };
    try {
      Deno.addSignalListener(signal, listener);
      if (signal !== "SIGHUP") ending.push([signal, listener]);
    } catch {
      // Windows has no SIGTERM; SIGINT is enough there.
    }
  });
  postMessage("listening");
};`;

/** Listens for {@linkcode StopSignal}s until disposed. */
export class StopRequest {
  readonly #asked: Int32Array;
  readonly #signals: readonly StopSignal[];
  readonly #thread: Worker;

  private constructor(
    asked: Int32Array,
    signals: readonly StopSignal[],
    thread: Worker,
  ) {
    this.#asked = asked;
    this.#signals = signals;
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
    const signals = stopSignals();
    const answers = signals.map(answer);
    thread.postMessage({ shared, signals, answers });
    await promise;
    return new StopRequest(new Int32Array(shared), signals, thread);
  }

  /** The first signal received, or null. Check it after each step. */
  get requested(): StopSignal | null {
    return this.#signals[Atomics.load(this.#asked, 0) - 1] ?? null;
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
  const signals = stopSignals();
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
