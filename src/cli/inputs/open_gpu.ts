/**
 * Opens the device of a command, and warns if it is not the one expected.
 * @module
 */
import {
  type Gpu,
  openGpu as open,
  type OpenGpuOptions,
} from "../../gpu/device.ts";
import { say } from "../../terminal/output.ts";

/** As {@linkcode open}, with its notice on standard error. */
export async function openGpu(options?: OpenGpuOptions): Promise<Gpu> {
  const gpu = await open(options);
  if (gpu.notice) say(`warning: ${gpu.notice}`);
  return gpu;
}
