import type { WorkerPort } from "../workers/start.ts";
/** Placeholder */
export function serve(port: WorkerPort): void {
  port.onmessage = (event) => port.postMessage({ echo: event.data, name: (globalThis as {name?: string}).name });
}
