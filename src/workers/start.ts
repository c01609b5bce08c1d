/**
 * Starts worker threads, from the checkout and from the one-file executable
 * alike: a bundle is a single module, so there its workers run it too, and
 * `main.ts` hands over to {@linkcode serve} in them.
 * @module
 */

/** What a worker does: each kind is a module with `serve(port)`. */
export type WorkerKind = keyof typeof MODULES;

/** The modules are loaded in the worker alone. */
const MODULES = {
  tokenize: () => import("../data/tokenize_worker.ts"),
  feed: () => import("../data/feed_worker.ts"),
};

/** A worker's side of the line, as the global scope of a worker offers it. */
export interface WorkerPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

const NAME = "blocksmith-";

/** Starts a worker of one kind; terminate it when done. */
export function startWorker(kind: WorkerKind): Worker {
  const here = new URL(import.meta.url);
  const inCheckout = here.pathname.endsWith("/src/workers/start.ts");
  const url = inCheckout ? new URL("./main.ts", here) : here;
  return new Worker(url.href, { type: "module", name: NAME + kind });
}

/** Whether this thread was started by {@linkcode startWorker}. */
export function inWorker(): boolean {
  return kindHere() !== null;
}

/** Does the work of this worker; messages that came meanwhile are kept. */
export async function serve(): Promise<void> {
  const kind = kindHere();
  if (kind === null) throw new Error("not in a worker of blocksmith");
  const port = globalThis as unknown as WorkerPort;
  // Messages that arrive while the module loads would be lost without a listener.
  const early: MessageEvent[] = [];
  port.onmessage = (event) => void early.push(event);
  const module = await MODULES[kind]();
  module.serve(port);
  const listen = port.onmessage;
  for (const event of early) listen?.(event);
}

function kindHere(): WorkerKind | null {
  const { name } = globalThis as { name?: unknown };
  if (typeof name !== "string" || !name.startsWith(NAME)) return null;
  const kind = name.slice(NAME.length);
  return Object.hasOwn(MODULES, kind) ? kind as WorkerKind : null;
}
