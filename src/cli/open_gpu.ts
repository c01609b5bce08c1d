/**
 * Opens the device of a command, and warns if it is not the one expected.
 * @module
 */
import { type Gpu, openGpu as open } from "../gpu/device.ts";

/** As {@linkcode open}, with its notice on standard error. */
export async function openGpu(
  memoryRemedy?: string,
  unasked?: boolean,
): Promise<Gpu> {
  const gpu = await open(memoryRemedy, unasked);
  if (gpu.notice) console.error(`warning: ${gpu.notice}`);
  return gpu;
}
