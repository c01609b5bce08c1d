import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { prepare } from "../../../src/data/prepare/prepare.ts";
import type {
  SplitName,
  TokenSink,
} from "../../../src/data/store/token_sink.ts";
import { byteTokenizer as byte } from "../../../src/data/tokenizers/byte.ts";
import { UserError } from "../../../src/errors.ts";
import { namesIn } from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

const CONTEXT = 32;

/** Writes one line per document: an output format other than the store. */
class LineSink implements TokenSink {
  #lines: string[] = [];
  #ids: number[] = [];
  constructor(private readonly dir: string) {}
  push(_: SplitName, ids: Uint32Array) {
    this.#ids.push(...ids);
  }
  endDocument(split: SplitName) {
    const tokens = this.#ids.length;
    this.#lines.push(`${split} ${byte.decode(this.#ids)}`);
    this.#ids = [];
    return { tokens, sequences: 1 };
  }
  save() {
    return { lines: this.#lines.length };
  }
  restore() {}
  finish() {
    Deno.writeTextFileSync(
      join(this.dir, "lines.txt"),
      this.#lines.join("\n"),
    );
  }
  close() {}
}

Deno.test("prepare() writes another form into a folder of the user's", async () => {
  using root = tempDir();
  const dir = join(root.path, "out");
  const run = (text: string) =>
    prepare({
      documents: {
        texts: [{ name: "a", text }, { name: "b", text: "b" }],
      },
      tokenizer: byte,
      sequenceLength: CONTEXT,
      validFraction: 0.5,
      cacheDir: join(root.path, "cache"),
      out: { dir, sink: (dir) => new LineSink(dir) },
    });
  const made = await run("a");
  assertEquals([made.dir, made.reused], [dir, false]);
  assertEquals(namesIn(dir), ["lines.txt", "store.json"]);
  assertEquals(namesIn(root.path), ["out"]);
  assertEquals(
    (await Deno.readTextFile(join(dir, "lines.txt"))).split("\n").sort(),
    ["train b", "valid a"],
  );
  assertEquals((await run("a")).reused, true);
  await assertRejects(
    () => run("c"),
    UserError,
    `Cannot write to '${dir}' as it is not empty`,
  );
});
