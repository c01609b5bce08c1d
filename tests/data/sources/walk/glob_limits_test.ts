import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { findSources } from "../../../../src/data/sources/mod.ts";
import { checkGlob } from "../../../../src/data/sources/walk/glob_limits.ts";
import { UserError } from "../../../../src/errors.ts";
import { tempDir } from "../../../helpers/files.ts";

Deno.test("checkGlob() takes what people write", () => {
  for (
    const glob of [
      "**/*.{md,txt,rst}",
      "a/**/b*/**/*-of-*.jsonl",
      "*a*b*c*",
      "shard-{000..999}.jsonl",
      "{en,de,fr}/{train,valid}/*.txt",
      "[a-z]".repeat(20),
      "?".repeat(60),
      "}{,",
    ]
  ) checkGlob(glob, "data.files");
});

Deno.test("checkGlob() refuses what would take hours, in one line", () => {
  for (
    const [glob, rule] of [
      ["x/" + "a*".repeat(30) + "b", "at most 4 '*' in a name"],
      ["*?".repeat(5), "at most 4 '*' in a name"],
      ["+(a|aa)".repeat(5), "at most 4 '*' in a name"],
      ["{a,b}".repeat(10), "at most 1000 alternatives in braces"],
      ["{1..100000000}", "at most 1000 alternatives in braces"],
      ["{a,".repeat(20_000), undefined],
      ["{a,".repeat(20_000) + "}".repeat(20_000), "at most 1000 alternatives"],
    ] as const
  ) {
    if (rule === undefined) checkGlob(glob, "data.files");
    else {
      const { message } = assertThrows(
        () => checkGlob(glob, "data.files"),
        UserError,
        rule,
      );
      assertEquals(message.length < 250, true, message);
    }
  }
});

Deno.test("findSources() refuses such a glob before it searches, but takes a file of that name", async () => {
  using dir = tempDir();
  const glob = "a*".repeat(20) + "b";
  let message = "";
  try {
    await findSources([glob], { root: dir.path });
  } catch (error) {
    message = (error as Error).message;
  }
  assertEquals(
    message,
    `Cannot search for files as an entry of 'data.files' must have at most 4 '*' in a name: got "${glob}"; write several entries`,
  );
  Deno.writeTextFileSync(join(dir.path, glob), "text");
  const { files: [found] } = await findSources([glob], { root: dir.path });
  assertEquals(found.name, glob);
});
