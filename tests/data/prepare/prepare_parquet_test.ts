import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { prepare } from "../../../src/data/prepare/prepare.ts";
import { numpyPermutation } from "../../../src/data/scan/numpy_random.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";
import { UserError } from "../../../src/errors.ts";
import { parquetOf } from "../../helpers/data/parquet.ts";
import { assertSameStore, sourcesIn } from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

const CONTEXT = 32;

/** Texts of very different lengths. */
function textsOf(count: number, units: number): string[] {
  return Array.from(
    { length: count },
    (_, i) => `row ${i} é `.repeat(1 + (i * units) % 97),
  );
}

/** Row groups of texts in order; the argument gives the pages of each. */
function groupsOf(texts: string[], pages: number[]): Uint8Array[][][] {
  const each = Math.ceil(texts.length / pages.reduce((a, b) => a + b));
  let from = 0;
  return pages.map((count) =>
    Array.from(
      { length: count },
      () => texts.slice(from, from += each).map((text) => Buffer.from(text)),
    )
  );
}

Deno.test("prepare() reads row groups, large and small, with any number of threads and from any shard on", async () => {
  using root = tempDir();
  // About 11 MB in a group that is read in one thread, and 2 MB in groups that
  // workers read.
  const texts = textsOf(24_000, 31);
  const groups = groupsOf(texts, [1, 40, 2, 3]);
  await Deno.writeFile(join(root.path, "a.parquet"), parquetOf(groups));
  const dirs: string[] = [];
  const shares: number[] = [];
  for (const maxDocuments of [null, 12_000]) {
    for (const workers of [0, 2]) {
      const { dir, summary } = await prepare({
        documents: { files: sourcesIn(root.path, /^a/) },
        tokenizer: byteTokenizer,
        sequenceLength: CONTEXT,
        validFraction: 0.1,
        maxDocuments,
        workers,
        shardBytes: workers === 0 ? 1 : undefined,
        cacheDir: join(root.path, `cache${workers}`),
        onProgress: ({ phase, done, total }) =>
          phase === "tokenize" && shares.push(done / total),
      });
      dirs.push(dir);
      const order = numpyPermutation(texts.length, 0);
      const count = maxDocuments ?? texts.length;
      const chosen = order.subarray(count / 10, count).toSorted();
      const chunks = [...chosen].map((i) => {
        const bytes = Buffer.from(texts[i]);
        return bytes.subarray(0, bytes.length - bytes.length % CONTEXT);
      });
      const { buffer } = await Deno.readFile(join(dir, "train.bin"));
      const found = Uint8Array.from(new Uint16Array(buffer));
      assertEquals(Buffer.compare(found, Buffer.concat(chunks)), 0);
      assertEquals(summary.splits.train.documents, chosen.length);
    }
  }
  assertSameStore(dirs[0], dirs[1]);
  assertSameStore(dirs[2], dirs[3]);
  assert(shares.length > 8 && shares.every((share) => share <= 1));
});

Deno.test("prepare() reports a bad row and a missing column by file and place", async () => {
  using root = tempDir();
  const pages = groupsOf(textsOf(100, 7), [2, 2]);
  pages[1][0][3] = Uint8Array.of(0xff, 0xfe);
  const whole = parquetOf(pages);
  await Deno.writeFile(join(root.path, "a.parquet"), whole);
  await Deno.writeFile(join(root.path, "b.parquet"), whole.subarray(0, 900));
  const run = (name: RegExp, skipBad: boolean, field = "text") =>
    prepare({
      documents: { files: sourcesIn(root.path, name, field) },
      tokenizer: byteTokenizer,
      sequenceLength: CONTEXT,
      skipBad,
      cacheDir: join(root.path, "cache"),
    });
  for (
    const [name, field, expected] of [
      [/a.parquet/, "text", "Cannot read 'a.parquet': row "],
      [/a.parquet/, "content", "Cannot read 'a.parquet' as it has no column"],
      [/b.parquet/, "text", "Cannot read 'b.parquet' as "],
    ] as const
  ) {
    await assertRejects(() => run(name, false, field), UserError, expected);
  }
  const { summary, reasons } = await run(/parquet$/, true);
  const { unreadable, files } = summary.skipped;
  assertEquals([unreadable, files, reasons.length], [1, 1, 2]);
  const { train, valid } = summary.splits;
  assertEquals(train.documents + valid.documents, 99);
});
