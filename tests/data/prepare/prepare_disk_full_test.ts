import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tempDir } from "../../helpers/files.ts";
import { canMount, inNamespace } from "../../helpers/processes.ts";

const SCRIPT = fileURLToPath(
  new URL("../../helpers/scripts/prepare_once.ts", import.meta.url),
);

Deno.test({
  name:
    "prepare() reports that the disk is full, and resumes when there is room",
  ignore: !canMount,
  fn: async () => {
    using root = tempDir();
    const [texts, cache] = ["texts", "cache"].map((name) =>
      join(root.path, name)
    );
    await Deno.mkdir(texts);
    await Deno.mkdir(cache);
    for (const name of ["a", "b", "c"]) {
      const lines = Array.from({ length: 150_000 }, (_, i) => `${name} ${i}`);
      await Deno.writeTextFile(join(texts, name), lines.join("\n"));
    }
    const run = `"${Deno.execPath()}" run -A --no-check "${SCRIPT}" ` +
      `${texts} ${cache} 0`;
    const { success, stdout, stderr } = await inNamespace(
      `mount -t tmpfs -o size=5m none ${cache}; ${run}; echo ---;` +
        `mount -o remount,size=20m ${cache}; ${run}; ls ${cache}/stores/*`,
    );
    assert(success, new TextDecoder().decode(stderr));
    const output = new TextDecoder().decode(stdout).trim().split("\n");
    const [first, second] = [output.slice(0, output.indexOf("---")), output];
    const { error } = JSON.parse(first.at(-1)!);
    assertMatch(
      error,
      /^Cannot write the token store under '.*stores' as the disk is full: free some space and run again to continue from there$/,
    );
    assertMatch(
      second[first.length + 1],
      /continuing where .* stopped, at \d+ %/,
    );
    assertEquals(output.slice(-3), ["store.json", "train.bin", "valid.bin"]);
  },
});
