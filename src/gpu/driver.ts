/**
 * Which driver does an adapter compute with, and in which version? WebGPU does
 * not say, but it decides the bits of a result. The driver is found as the
 * Vulkan loader finds it, by files alone: training needs neither `--allow-run`
 * nor `--allow-ffi`.
 * @module
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, join } from "node:path";

/** What WebGPU says of an adapter. */
export interface AdapterNames {
  /** The PCI or Khronos number of the vendor, in decimal. */
  vendor: string;
  /** The name that the driver gives the device. */
  description: string;
}

/** An environment variable; undefined if it may not be read. */
export type Environment = (name: string) => string | undefined;

/** The answer where the driver cannot be found or read. */
export const UNKNOWN_DRIVER = "unknown";

/** Libraries of drivers, by the names of their adapters; the first counts. */
const LIBRARIES: readonly [adapter: RegExp, library: RegExp][] = [
  [/llvmpipe|lavapipe/i, /^libvulkan_lvp\b/],
  [/swiftshader/i, /^libvk_swiftshader\b/],
  [/\bvenus\b/i, /^libvulkan_virtio\b/],
  [/\bNVK\b/, /^libvulkan_nouveau\b/],
  [/^4318 /, /^lib(GLX|EGL)_nvidia\b/],
  [/\bRADV\b/, /^libvulkan_radeon\b/],
  [/^4098 /, /^amdvlk/],
  [/^32902 /, /^libvulkan_intel/],
];

/** A larger file is no driver's: the largest, with LLVM in it, have 150 MB. */
const MAX_BYTES = 512 * 2 ** 20;

/**
 * One line for the driver of an adapter, e.g. `Mesa 25.0.7 (sha256 1f0a33c2)`
 * or `NVIDIA 580.65.06`. Equal lines are the same driver. The hash tells builds
 * of one version apart.
 *
 * @returns {@linkcode UNKNOWN_DRIVER} on systems other than Linux, and where
 *   files are missing or may not be read; never throws, never asks
 */
export function driverVersion(
  adapter: AdapterNames,
  environment: Environment = readableVariable,
): string {
  if (Deno.build.os !== "linux") return UNKNOWN_DRIVER;
  try {
    const library = findLibrary(adapter, environment);
    return library ? describeLibrary(library) : UNKNOWN_DRIVER;
  } catch {
    return UNKNOWN_DRIVER;
  }
}

function findLibrary(
  { vendor, description }: AdapterNames,
  environment: Environment,
): string | undefined {
  const found = manifests(environment).flatMap((manifest) =>
    libraryOf(manifest, environment) ?? []
  );
  const name = `${vendor} ${description}`;
  const known = LIBRARIES.find(([adapter]) => adapter.test(name));
  if (known) return found.find((path) => known[1].test(basename(path)));
  return new Set(found).size === 1 ? found[0] : undefined;
}

/** The files that name drivers, in the order of the Vulkan loader. */
function manifests(environment: Environment): string[] {
  const list = (name: string) =>
    environment(name)?.split(":").filter((path) => path !== "");
  const only = list("VK_DRIVER_FILES") ?? list("VK_ICD_FILENAMES");
  if (only) return only.flatMap(manifestsAt);
  const home = environment("HOME") ?? "/";
  const places = [
    environment("XDG_CONFIG_HOME") ?? join(home, ".config"),
    ...list("XDG_CONFIG_DIRS") ?? ["/etc/xdg"],
    "/etc",
    environment("XDG_DATA_HOME") ?? join(home, ".local/share"),
    ...list("XDG_DATA_DIRS") ?? ["/usr/local/share", "/usr/share"],
  ];
  return [
    ...list("VK_ADD_DRIVER_FILES") ?? [],
    ...places.map((place) => join(place, "vulkan/icd.d")),
  ].flatMap(manifestsAt);
}

/** A manifest, or those in a folder. */
function manifestsAt(path: string): string[] {
  if (path.endsWith(".json")) return [path];
  if (!mayRead(path)) return [];
  try {
    return [...Deno.readDirSync(path)].map(({ name }) => name)
      .filter((name) => name.endsWith(".json")).sort()
      .map((name) => join(path, name));
  } catch {
    return [];
  }
}

/** The 64-bit library that a manifest names. */
function libraryOf(
  manifest: string,
  environment: Environment,
): string | undefined {
  let library: unknown;
  try {
    if (!mayRead(manifest)) return undefined;
    library = JSON.parse(Deno.readTextFileSync(manifest)).ICD.library_path;
  } catch {
    return undefined;
  }
  if (typeof library !== "string") return undefined;
  if (isAbsolute(library)) return is64Bit(library) ? library : undefined;
  if (library.includes("/")) {
    const path = join(dirname(manifest), library);
    return is64Bit(path) ? path : undefined;
  }
  const triplet = `${Deno.build.arch}-linux-gnu`;
  return [
    ...environment("LD_LIBRARY_PATH")?.split(":").filter(isAbsolute) ?? [],
    "/usr/local/lib",
    `/lib/${triplet}`,
    `/usr/lib/${triplet}`,
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
  ].map((folder) => join(folder, library)).find(is64Bit);
}

/** Whether a file begins as a 64-bit ELF file does. */
function is64Bit(path: string): boolean {
  if (!mayRead(path)) return false;
  try {
    using file = Deno.openSync(path);
    const head = new Uint8Array(5);
    file.readSync(head);
    return String.fromCharCode(...head) === "\x7fELF\x02";
  } catch {
    return false;
  }
}

function describeLibrary(path: string): string {
  // NVIDIA's files are named by version: libGLX_nvidia.so.580.65.06.
  const named = basename(Deno.realPathSync(path)).match(
    /_nvidia\.so\.(\d+\.\d+[\d.]*)$/,
  );
  if (named) return `NVIDIA ${named[1]}`;
  if (Deno.statSync(path).size > MAX_BYTES) return UNKNOWN_DRIVER;
  const bytes = Deno.readFileSync(path);
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 8);
  const [text = basename(path)] = Buffer.from(bytes.buffer).toString("latin1")
    .match(/Mesa \d+\.\d+\.\d+(-rc\d+|-devel)?/) ?? [];
  return `${text} (sha256 ${hash})`;
}

/** Reads without permission would stop and ask on a terminal. */
const mayRead = (path: string): boolean =>
  Deno.permissions.querySync({ name: "read", path }).state === "granted";

const readableVariable: Environment = (variable) =>
  Deno.permissions.querySync({ name: "env", variable }).state === "granted"
    ? Deno.env.get(variable)
    : undefined;
