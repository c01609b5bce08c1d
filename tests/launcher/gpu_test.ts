/**
 * The launcher where there is a GPU, on stubbed machines: it never installs a
 * driver for it, and never falls back to the CPU unasked.
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { addDriver, addRoot, type Machine, onMachine } from "./_machine.ts";

const ignore = Deno.build.os !== "linux";

const test = (name: string, body: (machine: Machine) => Promise<void>) =>
  Deno.test({ name: `blocksmith ${name}`, ignore, fn: () => onMachine(body) });

/** Takes the GPUs away. */
async function removeNodes({ sys }: Machine) {
  for (const folder of [`${sys}/dev`, `${sys}/sys`]) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

/** Adds a render node whose device has a PCI vendor and a kernel driver. */
async function addNode(
  machine: Machine,
  vendor: string,
  driver: string,
  name = "renderD128",
) {
  await machine.file(`dev/dri/${name}`, "");
  const device = `sys/class/drm/${name}/device`;
  if (vendor) await machine.file(`${device}/vendor`, `${vendor}\n`);
  await machine.file(`${device}/uevent`, `DRIVER=${driver}\n`);
}

test("with a GPU without its driver installs nothing and says what is missing", async (machine) => {
  await addRoot(machine);
  const cases: [string, () => Promise<void>, string, string][] = [
    [
      "NVIDIA GPU",
      async () => {
        await machine.file("dev/nvidia0", "");
        await machine.file("dev/nvidiactl", "");
      },
      "/dev/nvidia0",
      "must be 'all' or contain 'graphics' (it is 'compute,utility')",
    ],
    [
      "NVIDIA GPU",
      () => addNode(machine, "0x10de", "nouveau"),
      "/dev/dri/renderD128",
      "libGLX_nvidia",
    ],
    [
      "AMD GPU",
      () => addNode(machine, "0x1002", "amdgpu"),
      "/dev/dri/renderD128",
      "mesa-vulkan-drivers",
    ],
    ["AMD GPU", () => machine.file("dev/kfd", ""), "/dev/kfd", "mesa"],
    [
      "Intel GPU",
      () => addNode(machine, "0x8086", "i915"),
      "/dev/dri/renderD128",
      "mesa-vulkan-drivers",
    ],
    ["GPU", () => machine.file("dev/dxg", ""), "/dev/dxg", "Dozen"],
    [
      "GPU",
      () => addNode(machine, "", "panfrost"),
      "/dev/dri/renderD128",
      "the driver of its maker",
    ],
  ];
  const env = { NVIDIA_DRIVER_CAPABILITIES: "compute,utility" };
  const all = ["train", "eval", "generate", "test", "ok", "bench", "setup"];
  for (const software of [false, true]) {
    // A software driver does not stand in for the GPU's.
    if (software) await addDriver(machine);
    const missing = software
      ? "its Vulkan driver"
      : "the Vulkan loader (libvulkan.so.1)";
    for (const [name, add, node, how] of cases) {
      await add();
      for (const command of node === "/dev/nvidia0" ? all : ["train"]) {
        const { code, out, err } = await machine.run([command], { env });
        assertEquals([code, out], [1, ""], `${name} ${command}`);
        const line =
          `blocksmith: Cannot use the ${name} (${node}) as ${missing} is missing: `;
        assertEquals(err.slice(0, line.length), line);
        assertEquals(err.trim().split("\n").length, 1);
        assertStringIncludes(err, how);
        assertStringIncludes(
          err,
          "or set BLOCKSMITH_DEVICE=cpu to use the CPU",
        );
      }
      for (const command of ["devices", "plan"]) {
        const { code, err } = await machine.run([command], { env });
        assertEquals([code, err], [0, ""], `${name} ${command}`);
      }
      await removeNodes(machine);
    }
  }
  assertEquals(await machine.log(), "");
});

test("uses a GPU whose driver is there", async (machine) => {
  const cases: [string, () => Promise<void>][] = [
    ["libGLX_nvidia.so.0", () => machine.file("dev/nvidia0", "")],
    ["libvulkan_nouveau.so", () => addNode(machine, "0x10de", "nouveau")],
    ["libvulkan_radeon.so", () => addNode(machine, "0x1002", "amdgpu")],
    ["libvulkan_intel.so", () => addNode(machine, "0x8086", "xe")],
    ["libvulkan_dzn.so", () => machine.file("dev/dxg", "")],
    ["libvulkan_broadcom.so", () => addNode(machine, "", "v3d")],
  ];
  for (const [lib, add] of cases) {
    await add();
    await addDriver(machine, lib);
    const { code, err } = await machine.run(["train"]);
    assertEquals([code, err], [0, ""], lib);
    await removeNodes(machine);
    // Without its GPU the driver is of no use.
    const { code: without } = await machine.run(["train"]);
    assertEquals(without, lib.includes("broadcom") ? 0 : 1, lib);
  }
  // One of two GPUs is enough.
  await addNode(machine, "0x8086", "i915");
  await addNode(machine, "0x1002", "amdgpu", "renderD129");
  await addDriver(machine, "libvulkan_radeon.so");
  assertEquals((await machine.run(["train"])).code, 0);
});

test("does not take a driver for usable that is not all there", async (machine) => {
  await machine.file("dev/nvidia0", "");
  await addDriver(machine, "libGLX_nvidia.so.0");
  assertEquals((await machine.run(["train"])).code, 0);
  await machine.stub("ldconfig", "echo libvulkan.so.1 x");
  assertEquals((await machine.run(["train"])).code, 1);
});

test("takes the display of a virtual machine for no GPU", async (machine) => {
  await addDriver(machine);
  for (
    const [vendor, driver] of [
      ["0x1af4", "virtio-pci"],
      ["0x15ad", "vmwgfx"],
      ["", "vgem"],
    ]
  ) {
    await addNode(machine, vendor, driver);
    const { code, err } = await machine.run(["train"]);
    assertEquals([code, err], [0, ""], driver);
    await removeNodes(machine);
  }
});

test("with BLOCKSMITH_DEVICE=cpu uses the CPU beside a GPU", async (machine) => {
  await machine.file("dev/nvidia0", "");
  const cpu = (args: string[]) =>
    machine.run(args, { env: { BLOCKSMITH_DEVICE: "cpu" } });
  await addDriver(machine);
  const { code, err } = await cpu(["train"]);
  assertEquals([code, err], [0, ""]);
  // A GPU's driver is none for the CPU.
  await addDriver(machine, "libGLX_nvidia.so.0");
  assertEquals((await cpu(["train"])).code, 1);
  await addRoot(machine);
  await machine.file("etc/os-release", "ID=debian\nVERSION_ID=13\n");
  const installed = await cpu(["train"]);
  assertEquals(
    [installed.code, installed.err],
    [0, "blocksmith: installing a software Vulkan driver (Mesa)\n"],
  );
  const odd = await machine.run(["train"], {
    env: { BLOCKSMITH_DEVICE: "gpu" },
  });
  assertEquals(
    [odd.code, odd.err],
    [
      1,
      "blocksmith: Cannot use BLOCKSMITH_DEVICE as it must be 'cpu' or unset: got 'gpu'\n",
    ],
  );
});

test("leaves a driver chosen by VK_DRIVER_FILES to the program", async (machine) => {
  await machine.file("dev/nvidia0", "");
  await addDriver(machine);
  await machine.file("my.json", "{}");
  const { code, err } = await machine.run(["train"], {
    env: { VK_DRIVER_FILES: `${machine.sys}/my.json` },
  });
  assertEquals([code, err], [0, ""]);
});
