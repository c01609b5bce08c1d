/** `blocksmith devices`. @module */
import { UserError } from "../errors.ts";
import { print } from "../terminal/output.ts";
import type { Command } from "./command.ts";
import { openGpu } from "./inputs/open_gpu.ts";

/** Shows the adapter that a run would use. */
export const devices: Command = {
  name: "devices",
  summary: "show the WebGPU adapter that a run would use",
  help: `

Prints the properties of the default adapter. Deno cannot list adapters; select
another one with VK_DRIVER_FILES=<driver.json>, or DENO_WEBGPU_BACKEND=gl, and
the CPU beside a GPU with BLOCKSMITH_DEVICE=cpu.

Examples:
  blocksmith devices
  BLOCKSMITH_DEVICE=cpu blocksmith train
  VK_DRIVER_FILES=/usr/share/vulkan/icd.d/lvp_icd.json blocksmith devices`,
  async run({ positionals }) {
    if (positionals.length > 0) {
      throw new UserError(
        `Cannot read '${
          positionals[0]
        }' as 'blocksmith devices' takes no arguments`,
      );
    }
    const gpu = await openGpu({ allowCpu: true });
    try {
      print(gpu.name);
      for (const [key, value] of Object.entries(gpu.info)) {
        if (value !== "") print(`  ${key.padEnd(18)} ${value}`);
      }
    } finally {
      gpu.close();
    }
    return 0;
  },
};
