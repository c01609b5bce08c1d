import { assert, assertEquals, assertThrows } from "@std/assert";
import { assetPaths, assetText } from "../../src/assets/assets.ts";
import { sourceTexts } from "../../src/assets/source_text.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs a module that may change the assets, in a separate process. */
async function apart(body: string): Promise<unknown> {
  const module = new URL("src/assets/assets.ts", ROOT).href;
  const code = `import { assetPaths, assetText, usePacked } from "${module}";
${body}`;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", "--ext=ts", code],
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("assetPaths() lists every file of configs/ and kernels/, and assetText() reads them", () => {
  for (const folder of ["configs", "kernels"]) {
    const found: string[] = [];
    const walk = (folder: string) => {
      for (
        const { name, isDirectory } of Deno.readDirSync(new URL(folder, ROOT))
      ) {
        if (isDirectory) walk(`${folder}/${name}`);
        else found.push(`${folder}/${name}`);
      }
    };
    walk(folder);
    assertEquals(assetPaths(folder), found.sort());
    for (const path of found) {
      assertEquals(assetText(path), Deno.readTextFileSync(new URL(path, ROOT)));
    }
  }
});

Deno.test("assetText() names a file that is not there", () => {
  assertThrows(
    () => assetText("kernels/gone.wgsl"),
    RangeError,
    "No file 'kernels/gone.wgsl' in this checkout",
  );
});

Deno.test("usePacked() puts a table in place of the folders", async () => {
  const seen = await apart(`
usePacked({ "kernels/b.wgsl": "b", "kernels/a/a.wgsl": "a", "configs/c.yaml": "c" });
let fault = "";
try { assetText("configs/config.yaml"); } catch (error) { fault = error.message; }
console.log(JSON.stringify([assetPaths("kernels"), assetText("kernels/a/a.wgsl"), fault]));`);
  assertEquals(seen, [
    ["kernels/a/a.wgsl", "kernels/b.wgsl"],
    "a",
    "No file 'configs/config.yaml' in this executable",
  ]);
});

Deno.test("sourceTexts() holds every kernel, config and module, sorted by name", () => {
  const names = sourceTexts().map(({ name }) => name);
  assertEquals(names, [...names].sort());
  for (
    const name of [
      "configs/config.yaml",
      "kernels/optimizer/adam.wgsl",
      "src/assets/assets.ts",
    ]
  ) {
    assert(names.includes(name), name);
  }
});
