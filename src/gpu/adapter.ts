/**
 * Which adapter does a run compute on? Never on the CPU in place of a GPU,
 * unless the user asks for it: a run would take many times longer than its user
 * expects.
 * @module
 */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import { UserError } from "../errors.ts";
import { keepDriverQuiet } from "./driver_messages.ts";

/** A GPU that the kernel offers, whether or not there is a driver for it. */
export interface GpuNode {
  maker: "NVIDIA" | "AMD" | "Intel" | null;
  /** Its device node, as in `/dev/dri/renderD128`. */
  path: string;
}

/** Displays of virtual machines have render nodes but are no GPUs. */
const VIRTUAL = /virtio|vmwgfx|vgem|vkms|qxl|bochs|hyperv|vbox/;

/** PCI vendors, as sysfs writes them. */
const MAKERS: Record<string, GpuNode["maker"]> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
};

/** Device nodes outside `/dev/dri`; `./blocksmith` knows the same ones. */
const OTHER_NODES: [RegExp, GpuNode["maker"]][] = [
  [/^nvidia(\d+|ctl)$|^nvhost-gpu$/, "NVIDIA"],
  [/^kfd$/, "AMD"],
  [/^dxg$/, null],
];

/**
 * The GPUs that have a device node: the only sign of a GPU that needs no
 * driver.
 *
 * @param root prefix of the system's paths, for tests
 */
export function findGpus(
  root = Deno.env.get("BLOCKSMITH_SYSROOT") ?? "",
): GpuNode[] {
  if (Deno.build.os !== "linux") return [];
  const found: GpuNode[] = [];
  for (const name of namesIn(`${root}/dev`)) {
    const known = OTHER_NODES.find(([pattern]) => pattern.test(name));
    if (known) found.push({ maker: known[1], path: `/dev/${name}` });
  }
  for (const name of namesIn(`${root}/dev/dri`)) {
    if (!name.startsWith("renderD")) continue;
    const device = `${root}/sys/class/drm/${name}/device`;
    const vendor = textOf(`${device}/vendor`).trim();
    const facts = `${textOf(`${device}/uevent`)} ${realPathOf(device)}`;
    if (VIRTUAL.test(facts)) continue;
    found.push({ maker: MAKERS[vendor] ?? null, path: `/dev/dri/${name}` });
  }
  return found;
}

/** Whether an adapter computes on the CPU. */
export function isSoftware(
  { description, device, isFallbackAdapter }: GPUAdapterInfo,
): boolean {
  return isFallbackAdapter ||
    /llvmpipe|lavapipe|swiftshader/i.test(`${description} ${device}`);
}

/**
 * The adapter for a run: with `BLOCKSMITH_DEVICE=cpu` the CPU, else the fastest
 * GPU (`DENO_WEBGPU_BACKEND` picks another backend), or the CPU where there is
 * no GPU. A notice says so where the CPU computes beside a GPU.
 *
 * @param allowCpu whether the CPU may stand in for a GPU without being asked
 *   for
 * @throws {UserError} where there is no adapter, or only one that was not asked
 *   for
 */
export async function chooseAdapter(
  allowCpu: boolean,
): Promise<{ adapter: GPUAdapter; notice: string | null }> {
  const asked = Deno.env.get("BLOCKSMITH_DEVICE") || null;
  if (asked !== null && asked !== "cpu") {
    throw new UserError(
      `Cannot choose a device as 'BLOCKSMITH_DEVICE' must be 'cpu' or unset: got '${asked}'`,
    );
  }
  // With both backends loaded a process can crash in EGL's exit handler, and
  // without a Vulkan driver OpenGL would run silently, many times slower.
  if (Deno.build.os === "linux" && !Deno.env.get("DENO_WEBGPU_BACKEND")) {
    Deno.env.set("DENO_WEBGPU_BACKEND", "vulkan");
  }
  // The Vulkan loader would take an empty list for "no drivers".
  for (const name of DRIVER_LISTS) {
    if (Deno.env.get(name) === "") Deno.env.delete(name);
  }
  keepDriverQuiet();
  const adapter = await navigator.gpu?.requestAdapter(
    asked === "cpu"
      ? { forceFallbackAdapter: true }
      : { powerPreference: "high-performance" },
  );
  const [gpu] = findGpus();
  const driver = DRIVER_LISTS.find((name) => Deno.env.get(name));
  if (!adapter) throw new UserError(noAdapter(asked, driver, gpu));
  if (!gpu || !isSoftware(adapter.info)) return { adapter, notice: null };
  if (!asked && !driver && !allowCpu) {
    throw new UserError(`Cannot use ${unusable(gpu)}`);
  }
  const notice = asked || driver
    ? `computing on the CPU (${adapter.info.description}), not on ${named(gpu)}`
    : `nothing uses ${unusable(gpu)}`;
  return { adapter, notice };
}

/** Variables that name the drivers to use in place of the system's. */
const DRIVER_LISTS = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

function noAdapter(
  asked: string | null,
  driver: string | undefined,
  gpu: GpuNode | undefined,
): string {
  if (driver) {
    return `No WebGPU adapter found: install a Vulkan driver, or unset ${driver} to use the system's (it is '${
      Deno.env.get(driver)
    }')`;
  }
  const backend = Deno.env.get("DENO_WEBGPU_BACKEND");
  if (backend && backend !== "vulkan") {
    return `No WebGPU adapter found as DENO_WEBGPU_BACKEND is '${backend}': unset it to use Vulkan`;
  }
  if (asked) {
    return "No WebGPU adapter found for the CPU: install mesa-vulkan-drivers";
  }
  return gpu
    ? `Cannot use ${unusable(gpu)}`
    : "No WebGPU adapter found: install a Vulkan driver (a GPU's own, or mesa-vulkan-drivers for the CPU) and run 'blocksmith devices'";
}

const named = ({ maker, path }: GpuNode) =>
  `the ${maker ? `${maker} ` : ""}GPU (${path})`;

/** Why a GPU that is there cannot be used, and what to do. */
function unusable(gpu: GpuNode): string {
  const { maker, path } = gpu;
  let why = "its Vulkan driver is missing or does not work", remedy: string;
  if (existsSync(path) && !mayOpen(path)) {
    why = "this user may not open it";
    remedy = "join the group that owns it ('render' or 'video')";
  } else if (maker === "NVIDIA") {
    const set = Deno.env.get("NVIDIA_DRIVER_CAPABILITIES");
    remedy =
      "install the part of NVIDIA's driver that has Vulkan (libGLX_nvidia.so.0, nvidia_icd.json) and libvulkan1; " +
      "in a container NVIDIA_DRIVER_CAPABILITIES must be 'all' or contain 'graphics'" +
      (set ? ` (it is '${set}')` : "") +
      "; VK_DRIVER_FILES names a driver in another folder";
  } else {
    remedy = maker
      ? "install libvulkan1 and mesa-vulkan-drivers, or their counterparts"
      : "install libvulkan1 and the driver of its maker";
  }
  return `${
    named(gpu)
  } as ${why}: ${remedy}; or set BLOCKSMITH_DEVICE=cpu to use the CPU`;
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

// What cannot be read counts as no GPU: containers often hide these files.

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return "";
  }
}
