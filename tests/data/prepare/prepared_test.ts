import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  prepare,
  preparedLines,
  type PrepareOptions,
} from "../../../src/data/prepare/prepare.ts";
import {
  TokenStore,
  writeSummary,
} from "../../../src/data/store/token_store.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";
import { sourcesIn } from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

Deno.test("prepare() tells of a store that it finds what it told when it was made", async () => {
  using root = tempDir();
  const write = (name: string, content: string) =>
    Deno.writeTextFileSync(join(root.path, name), content);
  write("a.jsonl", `{"text": "${"word ".repeat(20)}"}\n`.repeat(4) + "{\n");
  write("b.txt", "");
  write("c.txt", "\0");
  const run = (more: Partial<PrepareOptions> = {}) =>
    prepare({
      documents: { files: sourcesIn(root.path, /^.\./) },
      tokenizer: byteTokenizer,
      sequenceLength: 32,
      workers: 0,
      cacheDir: join(root.path, "cache"),
      skipBad: true,
      ...more,
    });
  const made = await run();
  assertEquals(made.reasons.length, 3);
  assert(made.reasons[1].startsWith("a.jsonl: line 5: "), made.reasons[1]);
  assertEquals(
    preparedLines(made, { unit: "block", splits: { train: "all" } }),
    [
      "text    6 documents in 2 files",
      "all     4 documents (1 too short)  300 B  300 tokens (1.00 bytes each)  9 blocks",
      "skipped  1 binary file, 1 empty file, 1 unreadable record",
      "  c.txt: binary",
      `  ${made.reasons[1]}`,
      "  b.txt: it is empty",
    ],
  );
  const found = await run();
  assertEquals({ ...found, reused: false }, made);
  // What is no part of the store is told as it is now.
  Deno.removeSync(join(root.path, "c.txt"));
  const less = await run({ unopened: [{ name: "d", reason: "it is a pipe" }] });
  assertEquals([less.reused, less.dir], [true, made.dir]);
  const { binary, files, unreadable, empty } = less.summary.skipped;
  assertEquals([binary, files, unreadable, empty], [0, 1, 1, 1]);
  assertEquals(less.reasons, [
    "d: it is a pipe",
    made.reasons[1],
    "b.txt: it is empty",
  ]);

  // A store of a version that did not keep the reasons.
  const { reasons: _, ...older } = TokenStore.open(made.dir).summary;
  delete older.skipped.empty;
  Deno.removeSync(join(made.dir, "store.json"));
  writeSummary(made.dir, older);
  const old = await run();
  assertEquals([old.reused, old.summary.skipped.unreadable], [true, 1]);
  assertEquals(old.reasons, ["b.txt: it is empty"]);
});
