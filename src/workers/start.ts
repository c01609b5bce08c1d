/**
 * Starts worker threads, both from a checkout and from the one-file executable:
 * they run `main.ts`, which calls {@linkcode serve} in a worker. `main.ts` says
 * which module does the work of each kind: this folder knows nothing about the
 * work.
 * @module
 */

/** Kinds of workers. */
export type WorkerKind = "tokenize" | "loader";

/** The module of each kind, loaded only in its worker. */
export type WorkerModules = Record<
  WorkerKind,
  () => Promise<{ serve(port: WorkerPort): void }>
>;

/** A worker's end of the message channel, as in its global scope. */
export interface WorkerPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const NAME_PREFIX = "blocksmith-";

/** Starts a worker of one kind; terminate it when done. */
export function startWorker(kind: WorkerKind): Worker {
  const here = new URL(import.meta.url);
  const inCheckout = here.href.endsWith("/src/workers/start.ts");
  // A bundle is one module: its workers run the bundle itself.
  const url = inCheckout ? new URL("../../main.ts", here) : here;
  return new Worker(url.href, { type: "module", name: NAME_PREFIX + kind });
}

/** Whether this thread was started by {@linkcode startWorker}. */
export function inWorker(): boolean {
  return nameHere().startsWith(NAME_PREFIX);
}

/**
 * Does the work of this worker. Messages that arrive while its module loads are
 * kept.
 * @throws {Error} outside a worker that {@linkcode startWorker} started.
 */
export async function serve(modules: WorkerModules): Promise<void> {
  const kind = nameHere().slice(NAME_PREFIX.length);
  if (!inWorker() || !Object.hasOwn(modules, kind)) {
    throw new Error("not in a worker of blocksmith");
  }
  const port = globalThis as unknown as WorkerPort;
  // Without a listener, messages that arrive while the module loads would be
  // lost.
  const early: MessageEvent[] = [];
  port.onmessage = (event) => void early.push(event);
  const module = await modules[kind as WorkerKind]();
  module.serve(port);
  const listen = port.onmessage;
  for (const event of early) listen?.(event);
}

function nameHere(): string {
  const { name } = globalThis as { name?: unknown };
  return typeof name === "string" ? name : "";
}
