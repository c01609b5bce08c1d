/**
 * Which Vulkan driver runs an adapter, and in which version? WebGPU names the
 * adapter but not its driver, so this asks the Vulkan loader.
 * @module
 */

const SYMBOLS = {
  vkCreateInstance: {
    parameters: ["buffer", "pointer", "buffer"],
    result: "i32",
  },
  vkEnumeratePhysicalDevices: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "i32",
  },
  vkGetPhysicalDeviceProperties2: {
    parameters: ["pointer", "buffer"],
    result: "void",
  },
  vkDestroyInstance: { parameters: ["pointer", "pointer"], result: "void" },
} as const;

const LIBRARIES: Partial<Record<typeof Deno.build.os, string>> = {
  linux: "libvulkan.so.1",
  windows: "vulkan-1.dll",
};

/** Byte sizes and offsets of the C structures, on 64-bit machines. */
const APPLICATION_INFO = { size: 48, apiVersion: 44 };
const CREATE_INFO = { size: 64, type: 1, applicationInfo: 24 };
const PROPERTIES = { size: 840, type: 1_000_059_001, next: 8, name: 36 };
const DRIVER = { size: 536, type: 1_000_196_000, name: 20, info: 276 };
const NAME = 256, VULKAN_1_2 = 1 << 22 | 2 << 12;

/**
 * The driver of the Vulkan device named `device`, e.g. `llvmpipe Mesa 25.0.7`.
 *
 * @returns undefined where there is no such device, no loader, or no answer
 */
export function vulkanDriver(device: string): string | undefined {
  const path = LIBRARIES[Deno.build.os];
  if (!path) return undefined;
  try {
    const library = Deno.dlopen(path, SYMBOLS);
    try {
      return queryDriver(library.symbols, device);
    } finally {
      library.close();
    }
  } catch {
    return undefined;
  }
}

function queryDriver(
  vk: Deno.DynamicLibrary<typeof SYMBOLS>["symbols"],
  device: string,
): string | undefined {
  const application = new DataView(new ArrayBuffer(APPLICATION_INFO.size));
  application.setUint32(APPLICATION_INFO.apiVersion, VULKAN_1_2, true);
  const create = new DataView(new ArrayBuffer(CREATE_INFO.size));
  create.setUint32(0, CREATE_INFO.type, true);
  create.setBigUint64(
    CREATE_INFO.applicationInfo,
    addressOf(application),
    true,
  );
  const handle = new BigUint64Array(1);
  if (vk.vkCreateInstance(create, null, handle) !== 0) return undefined;
  const instance = Deno.UnsafePointer.create(handle[0]);
  try {
    const count = new Uint32Array(1), none = new BigUint64Array(0);
    vk.vkEnumeratePhysicalDevices(instance, count, none);
    const devices = new BigUint64Array(count[0]);
    vk.vkEnumeratePhysicalDevices(instance, count, devices);
    for (const found of devices) {
      const driver = new DataView(new ArrayBuffer(DRIVER.size));
      driver.setUint32(0, DRIVER.type, true);
      const properties = new DataView(new ArrayBuffer(PROPERTIES.size));
      properties.setUint32(0, PROPERTIES.type, true);
      properties.setBigUint64(PROPERTIES.next, addressOf(driver), true);
      vk.vkGetPhysicalDeviceProperties2(
        Deno.UnsafePointer.create(found),
        properties,
      );
      if (text(properties, PROPERTIES.name) !== device) continue;
      return `${text(driver, DRIVER.name)} ${text(driver, DRIVER.info)}`.trim();
    }
    return undefined;
  } finally {
    vk.vkDestroyInstance(instance, null);
  }
}

const addressOf = (view: DataView<ArrayBuffer>): bigint =>
  Deno.UnsafePointer.value(Deno.UnsafePointer.of(view));

/** A C string in a fixed field. */
function text(view: DataView<ArrayBuffer>, at: number): string {
  const bytes = new Uint8Array(view.buffer, at, NAME), end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? NAME : end));
}
