/** The kernels' texts by name. @module */
import { assetPaths, assetText } from "../assets/assets.ts";

const path = (name: string) => `kernels/${name}.wgsl`;

/**
 * Names of all kernel files: paths below `kernels/`, without `.wgsl`; sorted.
 */
export function kernelNames(): string[] {
  return assetPaths("kernels").map((path) =>
    path.slice("kernels/".length, -".wgsl".length)
  );
}

/**
 * The text of `kernels/<name>.wgsl`.
 *
 * @throws {RangeError} if there is no such kernel
 */
export function kernelText(name: string): string {
  try {
    return assetText(path(name));
  } catch (cause) {
    throw new RangeError(`No kernel named '${name}'`, { cause });
  }
}
