/**
 * Kernel choices of earlier runs on the same adapter, cached on disk.
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../fs/atomic_file.ts";
import { readSmallText } from "../fs/bounded_file.ts";
import type { Gpu } from "./device.ts";
import { kernelNames, kernelText } from "./kernel_files.ts";
import { asChoices, type KernelChoices } from "./tuner.ts";

/** One file per adapter, driver and version of the kernels. */
function fileOf(folder: string, gpu: Gpu): string {
  const hash = createHash("sha256").update(JSON.stringify(gpu.info));
  for (const name of kernelNames()) hash.update(kernelText(name));
  return join(folder, "tuning", `${hash.digest("hex").slice(0, 16)}.json`);
}

/**
 * The stored choices of this adapter; none if the file is missing or damaged.
 */
export function loadChoices(folder: string, gpu: Gpu): KernelChoices {
  try {
    return asChoices(JSON.parse(readSmallText(fileOf(folder, gpu))));
  } catch {
    return {};
  }
}

/** Stores choices; a cache that cannot be written is not an error. */
export function saveChoices(
  folder: string,
  gpu: Gpu,
  choices: KernelChoices,
): void {
  if (Object.keys(choices).length === 0) return;
  const file = fileOf(folder, gpu);
  try {
    mkdirSync(join(folder, "tuning"), { recursive: true });
    const all = { ...loadChoices(folder, gpu), ...choices };
    writeFileAtomic(file, JSON.stringify(all, null, 2));
  } catch {
    // Kernels will be timed again.
  }
}
