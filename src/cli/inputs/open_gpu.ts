/**
 * Opens the device of a command, and warns if it is not the one expected.
 * @module
 */
import { type Gpu, openGpu as open } from "../../gpu/device.ts";
import { say } from "../../terminal/output.ts";

/** As {@linkcode open}, with its notice on standard error. */
export async function openGpu(
  memoryRemedy?: string,
  unasked?: boolean,
): Promise<Gpu> {
  const gpu = await open(memoryRemedy, unasked);
  if (gpu.notice) say(`warning: ${gpu.notice}`);
  return gpu;
}
