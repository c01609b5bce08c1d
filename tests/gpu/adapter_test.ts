import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { UserError } from "../../src/errors.ts";
import { chooseAdapter, findGpus, isSoftware } from "../../src/gpu/adapter.ts";

const ignore = Deno.build.os !== "linux";

/** Runs `body` with these files and environment variables. */
async function withSystem(
  files: Record<string, string>,
  variables: Record<string, string | undefined>,
  body: (root: string) => Promise<void> | void,
) {
  const root = Deno.makeTempDirSync();
  const all = { BLOCKSMITH_SYSROOT: root, ...variables };
  const before = Object.keys(all).map((name) =>
    [name, Deno.env.get(name)] as const
  );
  const set = (name: string, value: string | undefined) =>
    value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
  try {
    for (const [path, text] of Object.entries(files)) {
      Deno.mkdirSync(join(root, path, ".."), { recursive: true });
      Deno.writeTextFileSync(join(root, path), text);
    }
    for (const [name, value] of Object.entries(all)) set(name, value);
    await body(root);
  } finally {
    for (const [name, value] of before) set(name, value);
    Deno.removeSync(root, { recursive: true });
  }
}

/** Answers requests for an adapter, and says what was requested. */
async function withAdapter(
  info: Partial<GPUAdapterInfo> | null,
  body: (asked: () => GPURequestAdapterOptions | undefined) => Promise<void>,
) {
  const prototype = Object.getPrototypeOf(navigator.gpu);
  const original = prototype.requestAdapter;
  let options: GPURequestAdapterOptions | undefined;
  prototype.requestAdapter = (o?: GPURequestAdapterOptions) => {
    options = o;
    return Promise.resolve(info && { info });
  };
  try {
    await body(() => options);
  } finally {
    prototype.requestAdapter = original;
  }
}

const UNSET = {
  BLOCKSMITH_DEVICE: undefined,
  VK_DRIVER_FILES: undefined,
  VK_ICD_FILENAMES: undefined,
  DENO_WEBGPU_BACKEND: undefined,
};
const SOFTWARE = { description: "llvmpipe (LLVM 19)", device: "" };
const HARDWARE = { description: "NVIDIA H100", device: "" };

Deno.test({
  name: "findGpus() knows GPUs by their nodes, and virtual displays as none",
  ignore,
  fn: async () => {
    const node = (vendor: string, driver: string, n = 128) => ({
      [`dev/dri/renderD${n}`]: "",
      [`sys/class/drm/renderD${n}/device/vendor`]: `${vendor}\n`,
      [`sys/class/drm/renderD${n}/device/uevent`]: `DRIVER=${driver}\n`,
    });
    const cases: [Record<string, string>, string[]][] = [
      [{}, []],
      [{ "dev/null": "", "dev/nvidia-uvm": "", "dev/dri/card0": "" }, []],
      [{ "dev/nvidia0": "", "dev/nvidiactl": "" }, ["NVIDIA", "NVIDIA"]],
      [{ "dev/kfd": "" }, ["AMD"]],
      [{ "dev/dxg": "" }, ["null"]],
      [node("0x10de", "nouveau"), ["NVIDIA"]],
      [
        { ...node("0x1002", "amdgpu"), ...node("0x8086", "i915", 129) },
        ["AMD", "Intel"],
      ],
      [{ "dev/dri/renderD128": "" }, ["null"]],
      [node("", "panfrost"), ["null"]],
      [node("0x1af4", "virtio-pci"), []],
      [node("0x15ad", "vmwgfx"), []],
    ];
    for (const [files, makers] of cases) {
      await withSystem(files, UNSET, (root) => {
        assertEquals(findGpus(root).map((gpu) => `${gpu.maker}`), makers);
      });
    }
  },
});

Deno.test("isSoftware() knows adapters that compute on the CPU", () => {
  const info = (facts: object) =>
    ({ description: "", device: "", ...facts }) as GPUAdapterInfo;
  assert(isSoftware(info(SOFTWARE)));
  assert(isSoftware(info({ description: "SwiftShader Device" })));
  assert(isSoftware(info({ isFallbackAdapter: true })));
  assert(!isSoftware(info({ ...HARDWARE, isFallbackAdapter: false })));
});

Deno.test({
  name: "chooseAdapter() refuses the CPU beside a GPU unless it was asked for",
  ignore,
  fn: async () => {
    const files = { "dev/nvidia0": "" };
    const refused =
      /^Cannot use the NVIDIA GPU \(\/dev\/nvidia0\) as its Vulkan driver is missing.*graphics.*BLOCKSMITH_DEVICE=cpu/;
    await withAdapter(SOFTWARE, async (asked) => {
      await withSystem(files, UNSET, async () => {
        const error = await assertRejects(
          () => chooseAdapter(false),
          UserError,
        );
        assert(refused.test(error.message), error.message);
        const { notice } = await chooseAdapter(true);
        assertStringIncludes(notice ?? "", "nothing uses the NVIDIA GPU");
      });
      for (
        const choice of [
          { BLOCKSMITH_DEVICE: "cpu" },
          { VK_DRIVER_FILES: "/lvp.json" },
          { VK_ICD_FILENAMES: "/lvp.json" },
        ]
      ) {
        await withSystem(files, { ...UNSET, ...choice }, async () => {
          assertEquals(
            (await chooseAdapter(false)).notice,
            "computing on the CPU (llvmpipe (LLVM 19)), not on the NVIDIA GPU (/dev/nvidia0)",
          );
          assertEquals(
            asked()?.forceFallbackAdapter ?? false,
            "BLOCKSMITH_DEVICE" in choice,
          );
        });
      }
      await withSystem({}, UNSET, async () => {
        assertEquals((await chooseAdapter(false)).notice, null);
      });
    });
    await withAdapter(null, async () => {
      await withSystem(files, UNSET, async () => {
        const error = await assertRejects(() => chooseAdapter(true), UserError);
        assert(refused.test(error.message), error.message);
      });
    });
    await withAdapter(HARDWARE, async () => {
      await withSystem(files, UNSET, async () => {
        assertEquals((await chooseAdapter(false)).notice, null);
      });
    });
  },
});

Deno.test("chooseAdapter() says which variable keeps an adapter from it", async () => {
  await withAdapter(null, async () => {
    const cases: [Record<string, string>, string][] = [
      [
        { VK_DRIVER_FILES: "/no.json" },
        "unset VK_DRIVER_FILES to use the system's (it is '/no.json')",
      ],
      [{ BLOCKSMITH_DEVICE: "cpu" }, "for the CPU"],
      [{ BLOCKSMITH_DEVICE: "tpu" }, "must be 'cpu' or unset: got 'tpu'"],
      [
        { DENO_WEBGPU_BACKEND: "dx" },
        "as DENO_WEBGPU_BACKEND is 'dx': unset it",
      ],
      [{ DENO_WEBGPU_BACKEND: "" }, "install a Vulkan driver"],
      [{ VK_DRIVER_FILES: "" }, "install a Vulkan driver"],
    ];
    for (const [variables, message] of cases) {
      await withSystem({}, { ...UNSET, ...variables }, async () => {
        await assertRejects(() => chooseAdapter(false), UserError, message);
      });
    }
  });
});
