import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { cacheStdin } from "../../../src/data/sources/cache_stdin.ts";
import { UserError } from "../../../src/errors.ts";

async function* streamOf(bytes: Uint8Array, size = 3) {
  for (let at = 0; at < bytes.length; at += size) {
    yield await Promise.resolve(bytes.subarray(at, at + size));
  }
}

const utf8 = (text: string) => new TextEncoder().encode(text);

Deno.test("cacheStdin() keeps a stream under its content's name and says what it is", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    const lines = utf8('\n {"text": "naïve"}\n');
    const cases: [Uint8Array, "text" | "jsonl" | "parquet" | null, string][] = [
      [utf8("plain"), null, ".txt"],
      [lines, null, ".jsonl"],
      [lines, "text", ".txt"],
      [gzipSync(lines), null, ".jsonl.gz"],
      [gzipSync(lines), "text", ".txt.gz"],
      [gzipSync(utf8(" plain {")), null, ".txt.gz"],
      [zstdCompressSync(utf8("plain")), null, ".txt.zst"],
      // Truncated: the reader will report it.
      [gzipSync(lines).subarray(0, 12), null, ".jsonl.gz"],
      [zstdCompressSync(lines), null, ".jsonl.zst"],
      [utf8("PAR1...."), null, ".parquet"],
    ];
    for (const [bytes, format, ending] of cases) {
      const path = await cacheStdin(streamOf(bytes), { cacheDir, format });
      assertEquals(path.slice(path.indexOf(".", cacheDir.length)), ending);
      assertEquals(await Deno.readFile(path), new Uint8Array(bytes));
      const again = await cacheStdin(streamOf(bytes, 1000), {
        cacheDir,
        format,
      });
      assertEquals(again, path);
    }
    const kept = [...Deno.readDirSync(join(cacheDir, "stdin"))];
    assertEquals(kept.length, cases.length, "no draft is left");
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});

Deno.test("cacheStdin() removes what killed runs have left, but no file that is being written", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    const folder = join(cacheDir, "stdin");
    await Deno.mkdir(folder);
    for (const name of [".draft-1-a", ".draft-2-b"]) {
      await Deno.writeTextFile(join(folder, name), "half");
    }
    const old = new Date(Date.now() - 25 * 3600 * 1000);
    await Deno.utime(join(folder, ".draft-1-a"), old, old);
    await cacheStdin(streamOf(utf8("text")), { cacheDir, format: null });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.length, 2);
    assertEquals(names.includes(".draft-2-b"), true);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});

Deno.test("cacheStdin() refuses an empty stream and leaves nothing of a broken one", async () => {
  const cacheDir = await Deno.makeTempDir();
  try {
    const options = { cacheDir, format: null };
    await assertRejects(
      () => cacheStdin(streamOf(new Uint8Array(0)), options),
      UserError,
      "Cannot read standard input as it is empty",
    );
    const broken = async function* () {
      yield await Promise.resolve(utf8("half"));
      throw new Error("the pipe broke");
    };
    await assertRejects(
      () => cacheStdin(broken(), options),
      UserError,
      "the pipe broke",
    );
    assertEquals([...Deno.readDirSync(join(cacheDir, "stdin"))], []);
  } finally {
    await Deno.remove(cacheDir, { recursive: true });
  }
});
