import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import {
  prepare,
  type PrepareOptions,
} from "../../../src/data/prepare/prepare.ts";
import type { PrepareProgress } from "../../../src/data/prepare/progress.ts";
import {
  type SplitName,
  TokenStore,
} from "../../../src/data/store/token_store.ts";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";
import { UserError } from "../../../src/errors.ts";
import {
  assertSameStore,
  namesIn,
  sourcesIn,
} from "../../helpers/data/sources.ts";

const byte = await loadTokenizer("byte");

type Prepare = (
  options?: Partial<PrepareOptions>,
) => ReturnType<typeof prepare>;

/**
 * Runs `work` in a folder with text files t0.txt … t9.txt of 50 to 95 bytes.
 */
async function withTexts(
  work: (root: string, run: Prepare) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    for (let i = 0; i < 10; i++) {
      await Deno.writeTextFile(
        join(root, `t${i}.txt`),
        `${i}`.repeat(50 + 5 * i),
      );
    }
    // Files are searched at each run, as a command does.
    await work(root, (options) =>
      prepare({
        documents: { files: sourcesIn(root, /\.txt$/) },
        tokenizer: byte,
        sequenceLength: 16,
        validFraction: 0.2,
        cacheDir: join(root, "cache"),
        ...options,
      }));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

/** All sequences of a split, as text. */
function sequencesOf(dir: string, name: SplitName): string[] {
  const split = TokenStore.open(dir).split(name);
  const sequences: string[] = [];
  const into = new Uint32Array(split.sequenceLength);
  for (let i = 0; i < split.sequences; i++) {
    split.read(i, into, 0);
    sequences.push(byte.decode(into));
  }
  split.close();
  return sequences;
}

/** How many sequences of each file (by its digit) a split has. */
function filesOf(dir: string, name: SplitName): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const sequence of sequencesOf(dir, name)) {
    assertEquals(
      sequence,
      sequence[0].repeat(16),
      "no sequence has two documents",
    );
    counts[sequence[0]] = (counts[sequence[0]] ?? 0) + 1;
  }
  return counts;
}

const NONE = {
  binary: 0,
  undecodable: 0,
  empty: 0,
  unreadable: 0,
  duplicate: 0,
  files: 0,
};

const WHOLE = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [i, Math.floor((50 + 5 * i) / 16)]),
);

Deno.test("prepare() cuts each document into whole sequences and holds out whole documents", () =>
  withTexts(async (_, run) => {
    const { dir, reused, summary } = await run();
    const [train, valid] = [filesOf(dir, "train"), filesOf(dir, "valid")];
    assertEquals(reused, false);
    assertEquals([Object.keys(train).length, Object.keys(valid).length], [
      8,
      2,
    ]);
    assertEquals({ ...train, ...valid }, WHOLE);
    const { splits } = summary;
    assertEquals(splits.train.documents, 8);
    assertEquals(splits.valid.documents, 2);
    assertEquals(splits.train.tokens + splits.valid.tokens, 725);
    assertEquals(splits.train.bytes + splits.valid.bytes, 725);
    assertEquals(summary.maxTokenId, "9".charCodeAt(0));
    assertEquals(TokenStore.open(dir).summary, summary);
  }));

Deno.test("prepare() reuses a store, and makes another when text, name or options change", () =>
  withTexts(async (root, run) => {
    const first = await run();
    assertEquals(await run(), { ...first, reused: true });
    const dirs = new Set([first.dir]);
    const another = async (
      what: string,
      options: Partial<PrepareOptions> = {},
    ) => {
      const { reused, dir } = await run(options);
      assertEquals([reused, dirs.has(dir)], [false, false], what);
      dirs.add(dir);
      assertEquals((await run(options)).reused, true, what);
    };
    await another("context", { sequenceLength: 15 });
    await another("seed", { seed: 1 });
    await another("fraction", { validFraction: 0.3 });
    await another("number", { maxDocuments: 9 });
    await another("tokenizer", { tokenizer: { ...byte, name: "bytes" } });
    await another("vocabulary", { tokenizer: { ...byte, vocabSize: 300 } });
    await another("tokens", {
      tokenizer: { ...byte, encode: (text) => byte.encode(text.toLowerCase()) },
    });
    // The same size and the same time stamp: only the content differs.
    const path = join(root, "t3.txt");
    const { mtime } = await Deno.stat(path);
    await Deno.writeTextFile(path, "x".repeat(65));
    await Deno.utime(path, mtime!, mtime!);
    await another("text");
    await Deno.rename(path, join(root, "u3.txt"));
    await another("name");
  }));

Deno.test("prepare() makes equal data equal stores, and another order by another seed", () =>
  withTexts(async (root, run) => {
    const a = await run();
    const b = await run({ cacheDir: join(root, "cache2") });
    assertSameStore(a.dir, b.dir);
    assertNotEquals(
      sequencesOf(a.dir, "train"),
      sequencesOf((await run({ seed: 1 })).dir, "train"),
    );
  }));

Deno.test("prepare() replaces a damaged store", () =>
  withTexts(async (_, run) => {
    const { dir } = await run();
    const whole = sequencesOf(dir, "train");
    await Deno.truncate(join(dir, "train.bin"), 7);
    assertEquals((await run()).reused, false);
    assertEquals(sequencesOf(dir, "train"), whole);
    await Deno.remove(join(dir, "store.json"));
    assertEquals((await run()).reused, false);
    assertEquals((await run()).reused, true);
  }));

Deno.test("prepare() skips and counts what is not text, and takes the first maxDocuments of the rest", () =>
  withTexts(async (root, run) => {
    for (let i = 0; i < 6; i++) {
      await Deno.writeFile(
        join(root, `b${i}.txt`),
        Uint8Array.from(i < 4 ? [65, 0] : [65, 0xff]),
      );
    }
    const all = await run();
    assertEquals(all.summary.skipped, { ...NONE, binary: 4, undecodable: 2 });
    assertEquals(
      { ...filesOf(all.dir, "train"), ...filesOf(all.dir, "valid") },
      WHOLE,
    );
    const { summary } = await run({ maxDocuments: 5 });
    assertEquals([
      summary.splits.train.documents,
      summary.splits.valid.documents,
    ], [4, 1]);
    assertEquals(summary.maxDocuments, 5);
  }));

Deno.test("prepare() takes named held-out files, and never trains on them", () =>
  withTexts(async (root, run) => {
    const { dir, summary } = await run({
      validDocuments: sourcesIn(root, /t[45]/),
    });
    const { 4: four, 5: five, ...others } = WHOLE;
    assertEquals(filesOf(dir, "valid"), { 4: four, 5: five });
    assertEquals(filesOf(dir, "train"), others);
    assertEquals(summary.validFraction, null);
    await assertRejects(
      () => run({ validDocuments: sourcesIn(root, /txt/) }),
      UserError,
      "'data.valid_files' holds out every file",
    );
  }));

Deno.test("prepare() holds nothing out at fraction 0", () =>
  withTexts(async (_, run) => {
    const { dir } = await run({ validFraction: 0 });
    assertEquals(filesOf(dir, "train"), WHOLE);
    assertEquals(sequencesOf(dir, "valid"), []);
  }));

Deno.test("prepare() takes texts in memory, duplicated names too", () =>
  withTexts(async (_, run) => {
    const texts = [1, 2, 3].map((i) => ({
      name: "same",
      text: `${i}`.repeat(16 * i + 3),
    }));
    const { dir, reused } = await run({ documents: { texts } });
    assertEquals(reused, false);
    assertEquals({ ...filesOf(dir, "train"), ...filesOf(dir, "valid") }, {
      1: 1,
      2: 2,
      3: 3,
    });
    assertEquals((await run({ documents: { texts } })).reused, true);
    texts[1].text += "2";
    assertEquals((await run({ documents: { texts } })).reused, false);
  }));

Deno.test("prepare() counts short documents and holds out one that is long enough", () =>
  withTexts(async (_, run) => {
    const texts = Array.from(
      { length: 20 },
      (_, i) => ({ name: `${i}`, text: "a".repeat(i < 2 ? 20 : 5) }),
    );
    for (let seed = 0; seed < 5; seed++) {
      const { summary: { splits: { train, valid } } } = await run({
        documents: { texts },
        seed,
      });
      assertEquals([train.chunks, valid.chunks], [1, 1]);
      assertEquals(train.documents + valid.documents, 20);
      assertEquals(train.tooShort + valid.tooShort, 18);
    }
  }));

Deno.test("prepare() writes GPT-2 tokens in two bytes and larger vocabularies in four", () =>
  withTexts(async (_, run) => {
    const gpt2 = await loadTokenizer("gpt2");
    const texts = ["one two three four", "five six seven eight"].map((
      text,
    ) => ({ name: text, text }));
    const options = { documents: { texts }, sequenceLength: 4 };
    const small = await run({ ...options, tokenizer: gpt2 });
    const shift = 50_000;
    const large = await run({
      ...options,
      tokenizer: {
        ...byte,
        vocabSize: 200_000,
        encode: (text) => gpt2.encode(text).map((id) => id + shift),
      },
    });
    assertEquals([small.summary.bytesPerToken, large.summary.bytesPerToken], [
      2,
      4,
    ]);
    const [a, b] = [new Uint32Array(4), new Uint32Array(4)];
    TokenStore.open(small.dir).split("train").read(0, a, 0);
    TokenStore.open(large.dir).split("train").read(0, b, 0);
    assertEquals(b, a.map((id) => id + shift));
    assert(texts.some(({ text }) => text === gpt2.decode(a)));
  }));

Deno.test("prepare() by two at once makes one store", () =>
  withTexts(async (root, run) => {
    const results = await Promise.all([run(), run(), run()]);
    assertEquals(results.map(({ reused }) => reused).sort(), [
      false,
      true,
      true,
    ]);
    assertEquals(new Set(results.map(({ dir }) => dir)).size, 1);
    assertEquals(namesIn(join(root, "cache", "stores")).length, 1);
  }));

Deno.test("prepare() reports its progress", () =>
  withTexts(async (_, run) => {
    const seen: PrepareProgress[] = [];
    await run({ onProgress: (progress) => void seen.push(progress) });
    for (const phase of ["check", "tokenize"]) {
      const { done, total } = seen.findLast((progress) =>
        progress.phase === phase
      )!;
      assertEquals([done, total], [725, 725]);
    }
  }));

Deno.test("prepare() notices a text that changes while it is read", () =>
  withTexts(async (root, run) => {
    const path = join(root, "t5.txt");
    const onProgress = ({ phase, done, total }: PrepareProgress) => {
      if (phase === "check" && done === total) {
        Deno.writeTextFileSync(path, "y".repeat(75));
      }
    };
    await assertRejects(
      () => run({ onProgress }),
      UserError,
      "t5.txt' changed while it was read: run again",
    );
    assertEquals(namesIn(join(root, "cache", "stores")), []);
  }));

Deno.test("prepare() refuses what cannot be trained on in one clear line", () =>
  withTexts(async (root, run) => {
    const file = sourcesIn(root, /t0/);
    const cases: [Partial<PrepareOptions>, string][] = [
      [
        { sequenceLength: 100 },
        "10 of 10 are shorter, the longest has 95; lower 'model.context_length' to at most 95",
      ],
      [
        { sequenceLength: 94 },
        "documents of at least 94 tokens ('model.context_length') are held out",
      ],
      [
        { sequenceLength: 100, validDocuments: file },
        "9 of 9 are shorter, the longest has 95",
      ],
      [
        { sequenceLength: 60, validDocuments: file },
        "held-out data ('data.valid_files') as a document must have at least 60",
      ],
      [
        { sequenceLength: 60, documents: { files: file } },
        "1 of 1 are shorter, the longest has 50",
      ],
      [{ documents: { files: file } }, "there is only one"],
      [{
        documents: {
          texts: [{ name: "a", text: "" }, { name: "b", text: "" }],
        },
      }, "the longest has 0; give longer files"],
      [
        { documents: { texts: [{ name: "a", text: "\0" }] } },
        "got 1 binary file, the first as a: binary",
      ],
      [{ documents: { texts: [] } }, "got none"],
      [
        { sequenceLength: 1 },
        "'model.context_length' must be an integer of at least 2: got 1",
      ],
      [{ sequenceLength: 2.5 }, "'model.context_length'"],
      [
        { validFraction: 1 },
        "'data.valid_fraction' must be at least 0 and below 1: got 1",
      ],
      [{ seed: -1 }, "'data.seed'"],
      [{ maxDocuments: 0 }, "'data.max_documents'"],
      [
        { workers: 1_000_000 },
        "'data.workers' must be an integer from 0 to 256: got 1000000",
      ],
      [
        { cacheDir: join(root, "t0.txt") },
        "Cannot write the token store under",
      ],
    ];
    for (const [options, expected] of cases) {
      const error = await assertRejects(
        () => run(options),
        UserError,
        expected,
      );
      assert(!error.message.includes("\n"), error.message);
    }
  }));
