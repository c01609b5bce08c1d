import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import {
  fails,
  metrics,
  succeeds,
  type Workshop,
  workshop,
} from "../../helpers/cli.ts";
import {
  assertSameTokens,
  byteChunks,
  gzip,
  jsonLines,
  SMALL,
  STEPS,
  texts,
  tokensOf,
  toldOf,
  zstd,
} from "../../helpers/cli_data.ts";
import { assertSameStore } from "../../helpers/data/sources.ts";

const FIXTURES = new URL("../../data/sources/fixtures/", import.meta.url);

/** The texts in the Parquet fixtures; null for a missing text. */
const ROWS: (string | null)[] = JSON.parse(
  Deno.readTextFileSync(new URL("texts.json", FIXTURES)),
);

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

/**
 * Arguments of `prepare` with the byte tokenizer and a cache in the given
 * folder.
 */
function words(work: Workshop, cache: string, ...more: string[]): string[] {
  const data = ["data=files", "data.tokenizer=byte"];
  const dir = `data.cache=${work.at(cache)}`;
  return ["prepare", ...data, dir, ...SMALL, ...more];
}

/** Writes a file, creating its folders. */
function put(work: Workshop, path: string, bytes: Uint8Array): void {
  Deno.mkdirSync(join(work.at(path), ".."), { recursive: true });
  Deno.writeFileSync(work.at(path), bytes);
}

Deno.test("prepare reads every format at once, to the same bytes with any number of threads", async () => {
  using work = workshop();
  const plain = ["one plain text\nof two lines of it\n", "short"];
  const lines = texts(30, "line"), packed = texts(20, "packed");
  const dense = texts(25, "dense"), held = texts(5, "held");
  put(work, "in/a.txt", new TextEncoder().encode(plain[0]));
  put(work, "in/b.md", new TextEncoder().encode(plain[1]));
  put(work, "in/c.jsonl", jsonLines(lines));
  // Ten are duplicates, one of them in another format.
  const again = [...lines.slice(0, 9), plain[0]];
  put(work, "in/d.jsonl.gz", gzip(jsonLines([...again, ...packed])));
  put(work, "in/deep/e.json.zst", zstd(jsonLines(dense)));
  for (const codec of ["snappy", "zstd"]) {
    Deno.copyFileSync(
      new URL(`arrow_${codec}.parquet`, FIXTURES),
      work.at(`in/deep/f_${codec}.parquet`),
    );
  }
  put(work, "in/.hidden.txt", new TextEncoder().encode("not to be read"));
  put(work, "held.jsonl", jsonLines(held));
  const files = [
    `data.files=[${work.at("in")}]`,
    `data.valid_files=[${work.at("held.jsonl")}]`,
    "--skip-bad",
    "--dedup",
  ];
  const outs = await Promise.all(
    ["1", "3"].map((n) =>
      succeeds(words(work, `cache${n}`, ...files, "--workers", n))
    ),
  );
  const [one, three] = outs.map(({ out }) => toldOf(out));
  assertSameStore(one.dir, three.dir);

  // Counted separately: in order of name, each text once, no null, held-out
  // texts first.
  const rows = ROWS.filter((text) => text !== null);
  const all = [...plain, ...lines, ...again, ...packed, ...dense];
  const documents = [...new Set([...held, ...all, ...rows])].slice(held.length);
  const duplicates = all.length + 2 * rows.length - documents.length;
  const train = documents.map(bytesOf).reduce((sum, n) => sum + n);
  assertEquals([...tokensOf(one.dir, "train")], [...byteChunks(documents)]);
  assertEquals([...tokensOf(one.dir, "valid")], [...byteChunks(held)]);
  const shown = (bytes: number) => `${(bytes / 1000).toFixed(1)}`;
  assertEquals(one.splits.train, {
    documents: documents.length,
    tooShort: documents.filter((text) => bytesOf(text) < 16).length,
    chunks: byteChunks(documents).length / 16,
    sizes: `${shown(train)} kB  ${shown(train)}k tokens (1.00 bytes each)`,
  });
  assertEquals(one.splits.valid.documents, 5);
  assertEquals(one.splits.valid.chunks, byteChunks(held).length / 16);
  assertEquals(
    one.skipped,
    `${
      2 * (ROWS.length - rows.length)
    } unreadable records, ${duplicates} duplicates`,
  );
  assertEquals(
    one.reasons,
    ["snappy", "zstd"].flatMap((codec) =>
      // Rows of the file, from 1.
      ROWS.flatMap((text, i) =>
        text === null
          ? `${work.at(`in/deep/f_${codec}.parquet`)}: row ${
            i + 1
          }: column 'text' is null`
          : []
      )
    ),
  );

  // Again, with globs: the same files.
  const globs = `data.files=[${work.at("in/*")},${work.at("in/**/*.zst")},${
    work.at("in/{deep,none}/*.p[a-c]rquet")
  }]`;
  const found = toldOf(
    (await succeeds(words(work, "cache1", globs, ...files.slice(1)))).out,
  );
  assertEquals(found.found, true);
  assertEquals(found.dir, one.dir);
  assertEquals(found.splits, one.splits);
  assertEquals(found.skipped, one.skipped);
});

Deno.test("prepare reads standard input as JSON Lines, compressed JSON Lines, and text", async () => {
  using work = workshop();
  const lines = jsonLines(texts(40, "in"), "content");
  put(work, "same.jsonl", lines);
  const content = "data.text_field=content";
  const piped = (input: Uint8Array<ArrayBuffer>, ...more: string[]) =>
    succeeds(words(work, "cache", "data.files=[-]", ...more), { input });
  const file = toldOf(
    (await succeeds(
      words(work, "other", content, `data.files=[${work.at("same.jsonl")}]`),
    )).out,
  );
  const ended = await Promise.all([
    piped(lines, content),
    // Its other names; the later 'data.files' counts.
    piped(gzip(lines), content, "data.files=[/dev/stdin]"),
    piped(zstd(lines), content, "data.files=[/proc/self/fd/0]"),
  ]);
  for (const { out, err } of ended) {
    assertMatch(err, /^kept standard input as .*stdin\/[0-9a-f]{64}\.jsonl/m);
    const told = toldOf(out);
    assertEquals(told.splits, file.splits);
    assertSameTokens(told.dir, file.dir);
  }
  assertEquals(toldOf((await piped(lines, content)).out).found, true);

  const text = texts(1, "text")[0].repeat(9);
  const alone = toldOf(
    (await piped(
      new TextEncoder().encode(text),
      `data.valid_files=[${work.at("same.jsonl")}]`,
      content,
    )).out,
  );
  assertEquals(alone.splits.train.documents, 1);
  assertEquals([...tokensOf(alone.dir, "train")], [...byteChunks([text])]);
});

Deno.test("train reads its text from standard input, and resumes without it", async () => {
  using work = workshop();
  const run = work.at("run");
  const [, ...data] = words(work, "cache", "data.files=[-]", ...STEPS);
  await succeeds([
    ...["train", ...data, "train.max_steps=4", "train.save_steps=2"],
    `run=${run}`,
  ], { input: gzip(jsonLines(texts(40, "in"))) });
  await succeeds(["train", "--resume", `${run}/checkpoints/step-000002`]);
  assertEquals(metrics(run).filter((line) => "loss" in line).length, 4);
  assertMatch((await succeeds(["eval", run])).out, /^step 4 +valid /);
});

Deno.test("parts of the data are drawn by their weights, each by its own field", async () => {
  using work = workshop();
  const run = work.at("run");
  const [code, prose] = [texts(40, "code"), texts(30, "prose")];
  put(work, "code.jsonl", jsonLines(code, "content"));
  put(work, "prose.jsonl.gz", gzip(jsonLines(prose, "body")));
  const parts = [
    `data.files=[${work.at("code.jsonl")},${work.at("prose.jsonl.gz")}]`,
    "data.text_field=[content,body]",
  ];
  // As one dataset: no text is lost to the other entry's field.
  const both = toldOf((await succeeds(words(work, "cache", ...parts))).out);
  const { train, valid } = both.splits;
  assertEquals(train.documents + valid.documents, 70);
  assertEquals(
    train.chunks + valid.chunks,
    byteChunks([...code, ...prose]).length / 16,
  );

  const [, ...data] = words(work, "cache", ...parts, "data.weights=[3,1]");
  await succeeds([
    ...["train", ...data, ...STEPS, "train.max_steps=10"],
    ...["train.save_steps=4", `run=${run}`],
  ]);
  /** Number of sequences of each part that a checkpoint has drawn. */
  const drawn = (step: string): number[] => {
    const path = join(run, "checkpoints", step, "state.json");
    const { sampler } = JSON.parse(Deno.readTextFileSync(path));
    assert(Array.isArray(sampler), JSON.stringify(sampler));
    return sampler.map(({ epoch, position }) => {
      assertEquals(epoch, 0);
      return position;
    });
  };
  // 4 sequences per step.
  assertEquals(drawn("step-000004"), [12, 4]);
  assertEquals(drawn("step-000010"), [30, 10]);
  assertMatch((await succeeds(["eval", run])).out, /^step 10 +valid /);

  // The other part would train on what this part holds out.
  const file = work.at("code.jsonl");
  const twice = [
    `data.files=[${file},${work.at("*.jsonl")}]`,
    "data.text_field=content",
    "data.weights=[1,1]",
  ];
  await fails(
    words(work, "cache", ...twice),
    /^blocksmith: Cannot give '.*' a weight as only one entry /,
  );
  const held = `data.valid_files=[${file}]`;
  put(work, "more.jsonl", jsonLines(prose, "content"));
  await succeeds(
    words(work, "cache", ...twice, held).map((word) =>
      word.replace(`[${file},`, `[${work.at("more.jsonl")},`)
    ),
  );
});
