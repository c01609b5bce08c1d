import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { TokenizePool } from "../../../src/data/pool/tokenize_pool.ts";
import { ScanCache } from "../../../src/data/scan/scan_cache.ts";
import { type Input, scanInputs } from "../../../src/data/scan/scan_inputs.ts";
import { newSkipCounts } from "../../../src/data/scan/skip_counts.ts";
import { memoryTexts } from "../../../src/data/sources/text_pieces.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";
import { UserError } from "../../../src/errors.ts";
import { sourcesIn } from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

const options = { dedup: false, skipBad: false };

/** What `scanInputs()` finds, and how many bytes it reported. */
async function scan(
  inputs: Input[],
  cacheDir: string,
  { workers = 0, skipBad = false, skipNamed = false } = {},
) {
  const skipCounts = newSkipCounts();
  let read = 0;
  let asked = 0;
  const pool = new TokenizePool(workers, byteTokenizer, options);
  try {
    const entries = await scanInputs(inputs, {
      pool: () => {
        asked++;
        return pool;
      },
      cache: new ScanCache(cacheDir),
      skipBad,
      skipNamed: skipNamed || skipBad,
      skipCounts,
      onBytes: (bytes) => void (read += bytes),
    });
    return { entries, skipCounts, read, asked };
  } finally {
    pool.close();
  }
}

Deno.test("scanInputs() numbers documents across files, in order, with any number of threads", async () => {
  using root = tempDir();
  let bytes = 0;
  for (let i = 0; i < 150; i++) {
    const text = `{"text": "${i}"}\n`.repeat(i % 4);
    bytes += text.length;
    await Deno.writeTextFile(join(root.path, `${1000 + i}.jsonl`), text);
  }
  const inputs = sourcesIn(root.path);
  for (const workers of [0, 2]) {
    const { entries, read } = await scan(inputs, root.path, { workers });
    assertEquals(read, bytes);
    let first = 0;
    const expected = inputs.flatMap(({ name }, i) => {
      const documents = i % 4;
      if (documents === 0) return [];
      first += documents;
      return [[name, first - documents, documents]];
    });
    assertEquals(
      entries.map((e) => [e.input.name, e.firstDocument, e.scan.documents]),
      expected,
    );
  }
});

Deno.test("scanInputs() skips and counts what is not text", async () => {
  using root = tempDir();
  const files = { a: [65], b: [65, 0], c: [65, 0xff], d: [66], e: [0xc3] };
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(join(root.path, name), Uint8Array.from(bytes));
  }
  const { entries, skipCounts } = await scan(
    sourcesIn(root.path),
    root.path,
  );
  assertEquals(
    entries.map(({ input, firstDocument: first }) => [input.name, first]),
    [
      ["a", 0],
      ["d", 1],
    ],
  );
  assertEquals([skipCounts.skipped.binary, skipCounts.skipped.undecodable], [
    1,
    2,
  ]);
  const digest = createHash("sha256").update("A").digest("hex");
  assertEquals(entries[0].scan.digest, digest);
});

Deno.test("scanInputs() stops at a fault, or counts it", async () => {
  using root = tempDir();
  await Deno.writeTextFile(join(root.path, "a.jsonl"), '[{"text": "a"}]');
  await Deno.writeTextFile(join(root.path, "b.jsonl"), '{"text": "a"}');
  const inputs = sourcesIn(root.path);
  await assertRejects(
    () => scan(inputs, root.path),
    UserError,
    "Cannot read 'a.jsonl' as it is a JSON array, not JSON Lines",
  );
  const { entries, skipCounts } = await scan(inputs, root.path, {
    skipBad: true,
  });
  assertEquals(entries.map(({ input }) => input.name), ["b.jsonl"]);
  assertEquals(skipCounts.skipped.files, 1);
  assertEquals(
    skipCounts.reasons[0].startsWith("a.jsonl: it is a JSON array"),
    true,
  );
  await Deno.remove(inputs[1].path);
  const gone = await scan(inputs.slice(1), root.path, { skipBad: true });
  assertEquals(gone.skipCounts.skipped.files, 1);
  assertEquals(gone.skipCounts.reasons, ["b.jsonl: no such file"]);
  for (const workers of [0, 1]) {
    await assertRejects(
      () => scan(inputs.slice(1), root.path, { workers }),
      UserError,
      "Cannot read 'b.jsonl': no such file",
    );
  }
});

Deno.test("scanInputs() reads no cached file again, and needs no thread for texts in memory", async () => {
  using root = tempDir();
  const cacheDir = join(root.path, "cache");
  const path = join(root.path, "big.jsonl");
  await Deno.writeTextFile(path, '{"text": "a"}\n'.repeat(200_000));
  const inputs = sourcesIn(root.path);
  const first = await scan(inputs, cacheDir);
  // The file was made just now: its entry must not be trusted yet.
  assertEquals((await scan(inputs, cacheDir)).asked, 1);
  const cache = new ScanCache(cacheDir);
  const [{ stamp, scan: firstScan }] = first.entries;
  cache.put(inputs[0], stamp!, firstScan, Date.now() + 10_000);
  const again = await scan(inputs, cacheDir);
  assertEquals([again.asked, again.read], [0, inputs[0].bytes]);
  assertEquals(again.entries, first.entries);
  const memory = await scan(memoryTexts([{ name: "m", text: "a" }]), "");
  assertEquals([memory.asked, memory.entries.length], [0, 1]);
});

Deno.test("scanInputs() stops at files that are named by themselves and hold no text", async () => {
  using root = tempDir();
  const utf16 = [..."text"].flatMap((char) => [char.charCodeAt(0), 0]);
  const files: Record<string, [bytes: number[], why: string]> = {
    "a.txt": [
      [0xff, 0xfe, ...utf16],
      "as it is UTF-16, not UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8",
    ],
    "b.txt": [
      utf16,
      "as it is UTF-16LE, not UTF-8: convert it, as with iconv -f UTF-16LE -t UTF-8",
    ],
    // No byte is 0, so only its mark shows what it is.
    "c.txt": [
      [0xfe, 0xff, 0x4e, 0x2d, 0x65, 0x87],
      "as it is UTF-16, not UTF-8: convert it, as with iconv -f UTF-16 -t UTF-8",
    ],
    "d.txt": [[1, 2, 3, 0, 0, 4], "as it is binary"],
    "e.txt": [
      [0x63, 0xe9],
      "as it is not UTF-8: convert it, as with iconv -f LATIN1 -t UTF-8",
    ],
    "f.txt": [[], "as it is empty"],
    "g.jsonl": [[10, 10], "as it holds no document"],
  };
  for (const [name, [bytes]] of Object.entries(files)) {
    await Deno.writeFile(join(root.path, name), Uint8Array.from(bytes));
  }
  const found = sourcesIn(root.path);
  const named = found.map((file) => ({ ...file, named: true }));
  const leaveOut = "; --skip-bad (data.skip_bad=true) leaves it out and counts";
  for (const [i, [, why]] of Object.values(files).entries()) {
    const { name } = named[i];
    await assertRejects(
      () => scan([...found.slice(0, i), named[i]], root.path),
      UserError,
      `Cannot read '${name}' ${why}${leaveOut}`,
    );
  }
  await assertRejects(
    () => scan(named, root.path),
    UserError,
    `-t UTF-8 (and 6 more)${leaveOut}`,
  );
  // Found by a folder or a glob, or with leave to skip, they are counted.
  for (
    const [inputs, options] of [
      [found, {}],
      [named, { skipBad: true }],
      [named, { skipNamed: true }],
    ] as const
  ) {
    const { entries, skipCounts } = await scan([...inputs], root.path, options);
    // An empty text stays a document: what is held out does not change.
    assertEquals(entries.map(({ input }) => input.name), ["f.txt"]);
    const { binary, undecodable, empty, files } = skipCounts.skipped;
    assertEquals([binary, undecodable, empty, files], [3, 2, 2, 0]);
    assertEquals(skipCounts.reasons.slice(0, 2), [
      "a.txt: UTF-16, not UTF-8",
      "b.txt: UTF-16LE, not UTF-8",
    ]);
    assertEquals(skipCounts.emptyReasons, [
      "f.txt: it is empty",
      "g.jsonl: it holds no document",
    ]);
  }
});
