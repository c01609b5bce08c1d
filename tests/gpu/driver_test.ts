import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { driverVersion, UNKNOWN_DRIVER } from "../../src/gpu/driver.ts";
import { tempDir } from "../helpers/files.ts";

// Elsewhere than on Linux the driver is not looked for.
const ignore = Deno.build.os !== "linux";

const LAVAPIPE = {
  vendor: "65541",
  description: "llvmpipe (LLVM 15.0.6, 256 bits)",
};
const NVIDIA = { vendor: "4318", description: "NVIDIA H100" };

/** A 64-bit library with `text` in it. */
const library = (text: string, kind = 2) =>
  new Uint8Array([
    ...new TextEncoder().encode("\x7fELF"),
    kind,
    ...new Uint8Array(100),
    ...new TextEncoder().encode(`${text}\0`),
  ]);

/** A folder for drivers, and an environment that names it. */
function drivers() {
  const folder = tempDir();
  const at = (name: string) => join(folder.path, name);
  return {
    at,
    /** Adds a manifest for a library. */
    add(name: string, path: string) {
      const text = JSON.stringify({ ICD: { library_path: path } });
      Deno.writeTextFileSync(at(name), text);
    },
    write: (name: string, bytes: Uint8Array) =>
      Deno.writeFileSync(at(name), bytes),
    version: (
      adapter: typeof LAVAPIPE,
      variables: Record<string, string> = { VK_DRIVER_FILES: folder.path },
    ) => driverVersion(adapter, (name) => variables[name]),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test({
  name: "driverVersion() reads Mesa's version, and tells builds apart",
  ignore,
  fn() {
    using files = drivers();
    files.add("lvp_icd.json", files.at("libvulkan_lvp.so"));
    files.write("libvulkan_lvp.so", library("Mesa 25.0.7-2~bpo12+1 (LLVM"));
    const first = files.version(LAVAPIPE);
    assertMatch(first, /^Mesa 25\.0\.7 \(sha256 [0-9a-f]{8}\)$/);
    assertEquals(files.version(LAVAPIPE), first);
    files.write("libvulkan_lvp.so", library("Mesa 25.0.7-2~bpo12+2 (LLVM"));
    const second = files.version(LAVAPIPE);
    assertMatch(second, /^Mesa 25\.0\.7 /);
    assertNotEquals(second, first);
    files.write("libvulkan_lvp.so", library("no version"));
    assertMatch(files.version(LAVAPIPE), /^libvulkan_lvp\.so \(sha256 /);
  },
});

Deno.test({
  name: "driverVersion() takes NVIDIA's version from the file's name",
  ignore,
  fn() {
    using files = drivers();
    files.write("libGLX_nvidia.so.580.65.06", library(""));
    Deno.symlinkSync(
      files.at("libGLX_nvidia.so.580.65.06"),
      files.at("libGLX_nvidia.so.0"),
    );
    files.add("lvp_icd.json", files.at("libvulkan_lvp.so"));
    files.write("libvulkan_lvp.so", library("Mesa 25.0.7"));
    // A bare name is looked for where the loader looks.
    files.add("nvidia_icd.json", "libGLX_nvidia.so.0");
    const place = files.at("");
    assertEquals(
      files.version(NVIDIA, {
        VK_DRIVER_FILES: place,
        LD_LIBRARY_PATH: place,
      }),
      "NVIDIA 580.65.06",
    );
    // Without VK_DRIVER_FILES, manifests of the user and the system count.
    Deno.mkdirSync(files.at("vulkan/icd.d"), { recursive: true });
    Deno.renameSync(
      files.at("nvidia_icd.json"),
      files.at("vulkan/icd.d/nvidia_icd.json"),
    );
    assertEquals(
      files.version(NVIDIA, { XDG_DATA_HOME: place, LD_LIBRARY_PATH: place }),
      "NVIDIA 580.65.06",
    );
  },
});

Deno.test({
  name: "driverVersion() skips libraries of other machines and other adapters",
  ignore,
  fn() {
    using files = drivers();
    files.add("a.i686.json", files.at("32/libvulkan_radeon.so"));
    files.add("b.x86_64.json", "./64/libvulkan_radeon.so");
    for (const [folder, kind] of [["32", 1], ["64", 2]] as const) {
      Deno.mkdirSync(files.at(folder));
      const bytes = library(`Mesa 25.1.${folder}`, kind);
      files.write(`${folder}/libvulkan_radeon.so`, bytes);
    }
    const radeon = { vendor: "4098", description: "AMD RX 7900 (RADV NAVI31)" };
    assertMatch(files.version(radeon), /^Mesa 25\.1\.64 /);
    assertEquals(files.version(NVIDIA), UNKNOWN_DRIVER);
    // An adapter without a known name has the only driver there is.
    const other = { vendor: "1", description: "another" };
    assertMatch(files.version(other), /^Mesa 25\.1\.64 /);
    files.add("c.json", files.at("libother.so"));
    files.write("libother.so", library(""));
    assertEquals(files.version(other), UNKNOWN_DRIVER);
  },
});

Deno.test("driverVersion() is unknown where files are missing or damaged", () => {
  using files = drivers();
  const unknown = (variables?: Record<string, string>) =>
    assertEquals(files.version(LAVAPIPE, variables), UNKNOWN_DRIVER);
  unknown();
  unknown({ XDG_DATA_DIRS: files.at("") });
  unknown({ VK_DRIVER_FILES: "/dev/null" });
  unknown({ VK_ICD_FILENAMES: files.at("none.json") });
  files.add("lvp_icd.json", files.at("libvulkan_lvp.so"));
  unknown();
  files.write("libvulkan_lvp.so", new TextEncoder().encode("ELF"));
  unknown();
  Deno.writeTextFileSync(files.at("lvp_icd.json"), '{"ICD": 3}');
  unknown();
  Deno.writeTextFileSync(files.at("lvp_icd.json"), "{");
  unknown();
});
