import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  prepare,
  type PrepareOptions,
} from "../../../src/data/prepare/prepare.ts";
import { numpyPermutation } from "../../../src/data/scan/numpy_random.ts";
import type { SplitName } from "../../../src/data/store/token_sink.ts";
import { TokenStore } from "../../../src/data/store/token_store.ts";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import type { Tokenizer } from "../../../src/data/tokenizers/tokenizer.ts";
import { UserError } from "../../../src/errors.ts";
import {
  assertSameStore,
  namesIn,
  sourcesIn,
} from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../../helpers/data/tokenizer_fixtures.ts";

const byte = await loadTokenizer("byte");
const CONTEXT = 32;

/**
 * Writes files of all kinds into a folder. Returns the texts of their documents
 * in reading order.
 */
function writeMixed(dir: string): string[] {
  Deno.mkdirSync(dir);
  const write = (name: string, bytes: string | Uint8Array) =>
    typeof bytes === "string"
      ? Deno.writeTextFileSync(join(dir, name), bytes)
      : Deno.writeFileSync(join(dir, name), bytes);
  const record = (i: number) => `${i} été 東京 `.repeat(1 + i % 9);
  const lines = (from: number, to: number) => {
    let text = "\n";
    for (let i = from; i < to; i++) {
      text += JSON.stringify({ id: i, text: record(i) }) + "\r\n";
      if (i % 100 === 0) text += "  \n";
    }
    return text;
  };
  const records = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => record(from + i));
  const long = Array.from({ length: 300_000 }, (_, i) => `é${i}`).join("\n");
  write("a.jsonl", lines(0, 9000));
  write("b.txt", "\ufeffshort " + "b".repeat(70));
  write("c.txt", long);
  write("d.txt.gz", gzipSync(Buffer.from("packed ".repeat(300_000))));
  write("e.jsonl.gz", gzipSync(Buffer.from(lines(9000, 21_000))));
  write("f.jsonl.zst", zstdCompressSync(Buffer.from(lines(21_000, 25_000))));
  write("g.txt", "");
  write("h.txt.zst", zstdCompressSync(Buffer.from("z".repeat(100))));
  write("i.jsonl", JSON.stringify({ text: "y ".repeat(900_000) }));
  return [
    ...records(0, 9000),
    "short " + "b".repeat(70),
    long,
    "packed ".repeat(300_000),
    ...records(9000, 21_000),
    ...records(21_000, 25_000),
    "",
    "z".repeat(100),
    "y ".repeat(900_000),
  ];
}

/** The sequences of a split, as bytes one after the other. */
function bytesOf(dir: string, split: SplitName): Uint8Array {
  const bytes = Deno.readFileSync(join(dir, `${split}.bin`));
  return Uint8Array.from(new Uint16Array(bytes.buffer));
}

/** What a split should hold, computed in the simplest way. */
function sequencesOf(texts: string[]): Uint8Array {
  const parts = texts.map((text) => {
    const bytes = new TextEncoder().encode(text);
    return bytes.subarray(0, bytes.length - bytes.length % CONTEXT);
  });
  return new Uint8Array(Buffer.concat(parts));
}

function assertChunks(dir: string, split: SplitName, texts: string[]): void {
  const [found, expected] = [bytesOf(dir, split), sequencesOf(texts)];
  assertEquals(found.length, expected.length, split);
  assertEquals(Buffer.compare(found, expected), 0, split);
}

Deno.test("prepare() makes the same bytes with any number of threads, and the right ones", async () => {
  using root = tempDir();
  const texts = writeMixed(join(root.path, "texts"));
  const options: PrepareOptions = {
    documents: { files: sourcesIn(join(root.path, "texts")) },
    tokenizer: byte,
    sequenceLength: CONTEXT,
    validFraction: 0.1,
    cacheDir: "",
  };
  const dirs: string[] = [];
  for (const workers of [0, 1, 2, 3]) {
    const cacheDir = join(root.path, `cache${workers}`);
    const shardBytes = workers === 3 ? 1 : undefined;
    dirs.push(
      (await prepare({ ...options, workers, cacheDir, shardBytes })).dir,
    );
  }
  for (const dir of dirs.slice(1)) assertSameStore(dir, dirs[0]);
  const held = new Set(
    numpyPermutation(texts.length, 0)
      .subarray(0, Math.round(texts.length / 10)),
  );
  const [valid, train] = [true, false].map((wanted) =>
    texts.filter((_, i) => held.has(i) === wanted)
  );
  assertChunks(dirs[0], "train", train);
  assertChunks(dirs[0], "valid", valid);
  const { splits } = TokenStore.open(dirs[0]).summary;
  assertEquals(splits.train.documents, train.length);
  // The byte-order mark of one text is read, but makes no token.
  const sizes = texts.map((text) => Buffer.byteLength(text));
  assertEquals(
    splits.train.bytes + splits.valid.bytes,
    sizes.reduce((sum, size) => sum + size) + 3,
  );
});

Deno.test("prepare() takes the first of NumPy's permutation, in the files' order, and holds out the first of these", async () => {
  using root = tempDir();
  const texts = writeMixed(join(root.path, "texts"));
  const files = sourcesIn(join(root.path, "texts"));
  const options = {
    tokenizer: byte,
    sequenceLength: CONTEXT,
    seed: 3,
    workers: 1,
    cacheDir: join(root.path, "cache"),
  };
  const { dir, summary } = await prepare({
    ...options,
    documents: { files },
    validFraction: 0.25,
    maxDocuments: 40,
  });
  const order = [...numpyPermutation(texts.length, 3)];
  const pick = (from: number, to: number) =>
    order.slice(from, to).sort((a, b) => a - b).map((i) => texts[i]);
  assertChunks(dir, "valid", pick(0, 10));
  assertChunks(dir, "train", pick(10, 40));
  assertEquals(summary.maxDocuments, 40);

  // The same rule holds for held-out files: a.jsonl has 9,000 documents.
  const [a, ...others] = files;
  const named = await prepare({
    ...options,
    documents: { files: [a, ...others.slice(0, 1)] },
    validDocuments: [a],
    validMaxDocuments: 50,
  });
  const first = [...numpyPermutation(9000, 3).subarray(0, 50)];
  const held = first.sort((a, b) => a - b).map((i) => texts[i]);
  assertChunks(named.dir, "valid", held);
  assertChunks(named.dir, "train", [texts[9000]]);
  assertEquals(named.summary.validMaxDocuments, 50);
});

Deno.test("prepare() drops texts that have come before, wherever they stand", async () => {
  using root = tempDir();
  const long = Array.from({ length: 300_000 }, (_, i) => `é${i}`).join("\n");
  const small = "some text of more than thirty-two bytes";
  const files: Record<string, string | Uint8Array> = {
    "a.txt": small,
    "b.jsonl": [small, "other " + small, small, long]
      .map((text) => JSON.stringify({ text })).join("\n"),
    "c.txt": long,
    "d.txt": long + "\n",
    "e.txt.gz": gzipSync(Buffer.from(long)),
    "f.txt.gz": gzipSync(Buffer.from(long + "\n\n")),
    "g.txt": "other " + small,
  };
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(
      join(root.path, name),
      typeof content === "string" ? Buffer.from(content) : content,
    );
  }
  const kept = [small, "other " + small, long, long + "\n", long + "\n\n"];
  const dirs: string[] = [];
  for (const workers of [0, 2]) {
    const { dir, summary } = await prepare({
      documents: { files: sourcesIn(root.path, /^.\./) },
      tokenizer: byte,
      sequenceLength: CONTEXT,
      validFraction: 0,
      dedup: true,
      workers,
      shardBytes: 1,
      cacheDir: join(root.path, `cache${workers}`),
    });
    assertChunks(dir, "train", kept);
    assertEquals(summary.skipped.duplicate, 5);
    assertEquals(summary.splits.train.documents, 5);
    dirs.push(dir);
  }
  assertSameStore(dirs[0], dirs[1]);
});

Deno.test("prepare() stops at the first bad record in order, or counts them all", async () => {
  using root = tempDir();
  const good = JSON.stringify({ text: "x".repeat(40) });
  const fill = (good + "\n").repeat(40_000);
  const varied = Array.from(
    { length: 60_000 },
    (_, i) => JSON.stringify({ text: `${i ** 3} `.repeat(9) }) + "\n",
  );
  const gzip = gzipSync(Buffer.from(varied.join("")));
  const files: Record<string, string | Uint8Array> = {
    "a.jsonl": fill + '{"text": 1}\n{"no": 1}\n' + fill + "{\n",
    "b.jsonl": '[{"text": "x"}]',
    "c.jsonl.gz": gzip.subarray(0, gzip.length / 2),
    "d.txt": "\0",
    "e.jsonl": '{"text": null}\n' + good,
  };
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(
      join(root.path, name),
      typeof content === "string" ? Buffer.from(content) : content,
    );
  }
  const options = (workers: number, pattern = /^.\./): PrepareOptions => ({
    documents: { files: sourcesIn(root.path, pattern) },
    tokenizer: byte,
    sequenceLength: CONTEXT,
    workers,
    cacheDir: join(root.path, `cache${workers}`),
  });
  for (const workers of [0, 2]) {
    for (
      const [pattern, expected] of [
        [
          /^a/,
          "Cannot read 'a.jsonl': line 40001: field 'text' must be a string",
        ],
        [/^b/, "Cannot read 'b.jsonl' as it is a JSON array"],
        [/^c/, "Cannot read 'c.jsonl.gz' as its gzip data"],
        [/^e/, "Cannot read 'e.jsonl': line 1: field 'text'"],
      ] as const
    ) {
      const { message } = await assertRejects(
        () => prepare(options(workers, pattern)),
        UserError,
        expected,
      );
      assertEquals(message.includes("\n"), false, message);
      // A fault in the data leaves no unfinished store.
      const { cacheDir } = options(workers);
      const left = namesIn(cacheDir).includes("stores")
        ? namesIn(join(cacheDir, "stores"))
        : [];
      assertEquals(left, []);
    }
    const { summary, reasons } = await prepare({
      ...options(workers),
      skipBad: true,
    });
    const { train, valid } = summary.splits;
    const { files, unreadable, binary } = summary.skipped;
    assertEquals([files, unreadable, binary], [2, 4, 1]);
    const found = train.documents + valid.documents;
    assert(found > 80_001 && found < 140_001, `${found} documents`);
    assertEquals(reasons.length, 5);
    assert(reasons[0].startsWith("b.jsonl: it is a JSON array"), reasons[0]);
    assert(reasons[1].startsWith("c.jsonl.gz: its gzip data"), reasons[1]);
    assertEquals(reasons[2], "d.txt: binary");
    assert(reasons[3].startsWith("a.jsonl: line 40001: "), reasons[3]);
  }
});

Deno.test("prepare() notices records that change between the readings", async () => {
  using root = tempDir();
  const path = join(root.path, "a.jsonl");
  const line = (text: string) => JSON.stringify({ text: text.repeat(50) });
  for (const changed of ["b", "bb"]) {
    await Deno.writeTextFile(path, [line("a"), line("c")].join("\n"));
    await assertRejects(
      () =>
        prepare({
          documents: { files: sourcesIn(root.path, /jsonl$/) },
          tokenizer: byte,
          sequenceLength: CONTEXT,
          cacheDir: root.path,
          onProgress({ phase, done, total }) {
            if (phase !== "check" || done < total) return;
            Deno.writeTextFileSync(path, [line(changed), line("c")].join("\n"));
          },
        }),
      UserError,
      "'a.jsonl' changed while it was read: run again",
    );
  }
});

Deno.test("prepare() refuses ids beyond the vocabulary, and a tokenizer that threads load differently", async () => {
  using root = tempDir();
  await Deno.writeTextFile(join(root.path, "a.txt"), "x".repeat(100));
  const run = (tokenizer: Tokenizer, workers: number) =>
    prepare({
      documents: { files: sourcesIn(root.path, /txt$/) },
      tokenizer,
      sequenceLength: CONTEXT,
      validFraction: 0,
      workers,
      cacheDir: join(root.path, "cache"),
    });
  const shifted = (by: number): Tokenizer => ({
    ...byte,
    vocabSize: 65_536,
    encode: (text) => byte.encode(text).map((id) => id + by),
  });
  await assertRejects(
    () => run(shifted(65_500), 0),
    UserError,
    "the tokenizer 'byte' returned token 65620 with a vocabulary size of 65536",
  );
  await assertRejects(
    () => run(shifted(1), 1),
    UserError,
    "the tokenizer 'byte' changed since it was loaded",
  );
});

Deno.test("prepare() lets threads load a tokenizer.json, and finds its store from wherever that lies", async () => {
  using root = tempDir();
  const json = JSON.stringify(composeTokenizerJson(readFixtures(), "gpt2"));
  const options = {
    documents: {
      texts: [{ name: "a", text: "to and fro ".repeat(300_000) }],
    },
    sequenceLength: CONTEXT,
    validFraction: 0,
    cacheDir: join(root.path, "cache"),
  };
  const [here, there] = ["here.json", "there.json"].map((name) =>
    join(root.path, name)
  );
  await Deno.writeTextFile(here, json);
  await Deno.writeTextFile(there, json);
  const tokenizer = await loadTokenizer(here);
  const made = await prepare({ ...options, tokenizer, workers: 2 });
  const found = await prepare({
    ...options,
    tokenizer: await loadTokenizer(there),
  });
  assertEquals([made.reused, found.reused], [false, true]);
  const ids = tokenizer.encode(options.documents.texts[0].text);
  const split = TokenStore.open(made.dir).split("train");
  const into = new Uint32Array(CONTEXT);
  split.read(split.sequences - 1, into, 0);
  split.close();
  assertEquals(
    into,
    ids.slice((split.sequences - 1) * CONTEXT).slice(0, CONTEXT),
  );
});
