import { assertEquals } from "@std/assert";
import { loadChoices, saveChoices } from "../../src/gpu/tuning_cache.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

async function inFolder(test: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

deviceTest(
  "saveChoices() adds to what loadChoices() gives",
  () =>
    inFolder(async (folder) => {
      const device = await gpu();
      assertEquals(loadChoices(folder, device), {});
      saveChoices(folder, device, { a: "one", b: "two" });
      saveChoices(folder, device, { b: "three" });
      assertEquals(loadChoices(folder, device), { a: "one", b: "three" });
      const files = [...Deno.readDirSync(`${folder}/tuning`)];
      assertEquals(files.length, 1);
    }),
);

deviceTest(
  "loadChoices() keeps adapters and drivers apart",
  () =>
    inFolder(async (folder) => {
      const device = await gpu();
      saveChoices(folder, device, { a: "one" });
      for (const change of [{ description: "other" }, { driver: "Mesa 1" }]) {
        const other = { ...device, info: { ...device.info, ...change } };
        assertEquals(loadChoices(folder, other), {});
      }
    }),
);

deviceTest(
  "a damaged or unwritable cache is no fault",
  () =>
    inFolder(async (folder) => {
      const device = await gpu();
      saveChoices(folder, device, { a: "one" });
      const [{ name }] = [...Deno.readDirSync(`${folder}/tuning`)];
      await Deno.writeTextFile(`${folder}/tuning/${name}`, '{"a": "on');
      assertEquals(loadChoices(folder, device), {});
      await Deno.writeTextFile(
        `${folder}/tuning/${name}`,
        '{"a": 3, "b": "two"}',
      );
      assertEquals(loadChoices(folder, device), { b: "two" });
      // Far larger than any choices, and without an end.
      await Deno.truncate(`${folder}/tuning/${name}`, 2 ** 33);
      assertEquals(loadChoices(folder, device), {});
      await Deno.remove(`${folder}/tuning/${name}`);
      await Deno.symlink("/dev/zero", `${folder}/tuning/${name}`);
      assertEquals(loadChoices(folder, device), {});
      await Deno.remove(`${folder}/tuning/${name}`);
      await Deno.writeTextFile(`${folder}/tuning/${name}`, "{}");
      // A file where the folder should be.
      saveChoices(`${folder}/tuning/${name}`, device, { a: "one" });
    }),
);
