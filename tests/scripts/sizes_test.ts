/** Does the table of sizes add up? */
import { assert, assertEquals } from "@std/assert";
import { sizes } from "../../scripts/sizes.ts";

Deno.test("sizes() has a row per room, and rooms add up to their folder", () => {
  const rows = sizes();
  const depth = (name: string) => name.length - name.trimStart().length;
  for (const folder of ["src", "src/data"]) {
    const at = rows.findIndex(([name]) => name.trim() === folder);
    const [name, whole] = rows[at];
    let files = 0, lines = 0;
    for (const [row, size] of rows.slice(at + 1)) {
      if (depth(row) <= depth(name)) break;
      if (depth(row) > depth(name) + 2) continue;
      files += size.files;
      lines += size.lines;
    }
    assertEquals({ files, lines }, whole, folder);
  }
  assert(rows.some(([name]) => name === "kernels"));
  assert(rows.some(([name]) => name.trim() === "src/data/store"));
});
