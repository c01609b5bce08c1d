import { assert, assertEquals } from "@std/assert";
import { assetPaths, assetText } from "../../src/assets/assets.ts";
import { GROUPS } from "../../src/config/compose/library.ts";

Deno.test("GROUPS are the folders of configs/", () => {
  assertEquals([...GROUPS].sort(), ["data", "experiment", "model", "train"]);
});

Deno.test("configs/ comments every key, with its default", () => {
  for (const path of assetPaths("configs")) {
    const lines = assetText(path).split("\n");
    lines.forEach((line, i) => {
      const isValue = /^\s*\w+: \S/.test(line);
      if (!isValue) return;
      let first = i;
      while (/^\s*#/.test(lines[first - 1] ?? "")) first--;
      const comment = lines.slice(first, i).join(" ");
      assert(
        /default/i.test(comment),
        `${path}:${i + 1} has no comment with a default: ${line}`,
      );
    });
  }
});
