/** How much memory does a device have? @module */
import { deviceOfAdapter } from "../plan/devices.ts";
import type { Gpu } from "./device.ts";

/**
 * Bytes that buffers can be allocated from, as far as that is known: what is
 * free of the machine's for a software driver, the nominal size for a known
 * GPU, Infinity for others. WebGPU does not tell.
 */
export function deviceMemory({ name, limits }: Pick<Gpu, "name" | "limits">) {
  if (limits.software) return Deno.systemMemoryInfo().available;
  return deviceOfAdapter(name)?.memory ?? Infinity;
}
