import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { keepDriverQuiet } from "../../src/gpu/driver_messages.ts";

Deno.test("keepDriverQuiet() sets what silences Mesa, and leaves what is set", () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "file");
  Deno.writeTextFileSync(file, "");
  /** The variables that it adds to these. */
  const added = (variables: Record<string, string>) => {
    const env = new Map(Object.entries(variables));
    keepDriverQuiet({
      get: (name) => env.get(name),
      has: (name) => env.has(name),
      set: (name, value) => void env.set(name, value),
    });
    return [...env.keys()].filter((name) => !(name in variables)).join(" ");
  };
  const select = { MESA_VK_DEVICE_SELECT: "10de:2330" };
  const blocked = { ...select, HOME: join(file, "home") };
  try {
    assertEquals(added({ ...select, HOME: join(folder, "new") }), "");
    assertEquals(added(blocked), "MESA_SHADER_CACHE_DISABLE");
    assertEquals(added({ ...blocked, XDG_CACHE_HOME: folder }), "");
    assertEquals(added({ ...blocked, MESA_SHADER_CACHE_DIR: "/x" }), "");
    assertEquals(added({ HOME: folder }), "NODEVICE_SELECT");
    assertEquals(added({ HOME: folder, XDG_RUNTIME_DIR: folder }), "");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
