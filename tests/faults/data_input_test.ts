import { assert, assertEquals, assertMatch } from "@std/assert";
import { fails, isThere, succeeds, workshop } from "../helpers/cli.ts";
import {
  byteChunks,
  filesBelow,
  gzip,
  jsonLines,
  SMALL,
  texts,
  tokensOf,
  toldOf,
  zstd,
} from "../helpers/cli_data.ts";
import {
  writeDictionary,
  writeSubset,
} from "../helpers/data/fairseq_folder.ts";
import {
  composeTokenizerJson,
  readFixtures,
} from "../helpers/data/tokenizer_fixtures.ts";

const FIXTURES = new URL("../data/sources/fixtures/", import.meta.url);
const fixture = (name: string) => Deno.readFileSync(new URL(name, FIXTURES));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** A file at fault. */
interface Faulty {
  bytes: Uint8Array;
  /** What is said after `Cannot read '<path>'`. */
  fault: RegExp;
  /** The field to read. */
  field?: string;
  /** What `--skip-bad` counts. */
  skipped: "1 unreadable file" | "1 unreadable record";
}

const MANY = texts(40_000, "some");
const LINES = jsonLines(MANY);
const cut = (bytes: Uint8Array) =>
  bytes.subarray(0, Math.floor(bytes.length * 0.7));
/** Good lines around a bad one, which is the third. */
const withLine = (line: string) =>
  utf8(`{"text": "${"word ".repeat(9)}"}\n\n${line}\n{"text": "x"}\n`);

const FAULTY: Record<string, Faulty> = {
  "cut.jsonl.gz": {
    bytes: cut(gzip(LINES)),
    fault: /^ as its gzip data are cut short: they end \d+ bytes in$/,
    skipped: "1 unreadable file",
  },
  "cut.txt.gz": {
    bytes: cut(gzip(LINES)),
    fault: /^ as its gzip data are cut short: they end \d+ bytes in$/,
    skipped: "1 unreadable file",
  },
  "cut.jsonl.zst": {
    bytes: cut(zstd(LINES)),
    fault: /^ as its zstd data are cut short: they end \d+ bytes in$/,
    skipped: "1 unreadable file",
  },
  "cut.parquet": {
    bytes: cut(fixture("arrow_snappy.parquet")),
    fault:
      /^ as its Parquet data are cut short: there is no footer at its end$/,
    skipped: "1 unreadable file",
  },
  "no.jsonl.gz": {
    bytes: withLine(""),
    fault: /^ as it is no gzip file$/,
    skipped: "1 unreadable file",
  },
  "no.parquet": {
    bytes: withLine(""),
    fault: /^ as it is no Parquet file$/,
    skipped: "1 unreadable file",
  },
  "value.jsonl": {
    bytes: withLine('{"text": tru}'),
    fault: /^: line 3: invalid JSON \(unexpected token '}'\)$/,
    skipped: "1 unreadable record",
  },
  "end.jsonl": {
    bytes: withLine('{"text": "abc'),
    fault: /^: line 3: invalid JSON \(unterminated string at column 14\)$/,
    skipped: "1 unreadable record",
  },
  "field.jsonl": {
    bytes: withLine('{"txt": "abc"}'),
    fault: /^: line 3: no field 'text' \(it has: txt\)$/,
    skipped: "1 unreadable record",
  },
  "type.jsonl": {
    bytes: withLine('{"text": 17}'),
    fault: /^: line 3: field 'text' must be a string: got a number$/,
    skipped: "1 unreadable record",
  },
  "latin.jsonl": {
    bytes: Uint8Array.from([...withLine(""), ...utf8('{"text": "'), 0xe9]),
    fault: /^: line 5: not UTF-8$/,
    skipped: "1 unreadable record",
  },
  "array.json": {
    bytes: utf8('[{"text": "a"}]'),
    fault: /^ as it is a JSON array, not JSON Lines: convert it, for /,
    skipped: "1 unreadable file",
  },
  "column.parquet": {
    bytes: fixture("arrow_zstd.parquet"),
    field: "body",
    fault: /^ as it has no column 'body' \(it has: id, text\)$/,
    skipped: "1 unreadable file",
  },
  "number.parquet": {
    bytes: fixture("columns.parquet"),
    field: "whole",
    fault: /^ as its column 'whole' must hold strings: it has 64-bit integers$/,
    skipped: "1 unreadable file",
  },
};

/** Files with nothing in them to train on, and what is said. */
const EMPTY: Record<string, [bytes: Uint8Array, message: RegExp]> = {
  "empty.parquet": [fixture("empty.parquet"), /got 1 empty file, the first /],
  "empty.jsonl": [utf8("\n  \n"), /got 1 empty file, .*it holds no document$/],
  "empty.txt": [
    utf8(""),
    /the longest has 0; give longer files; skipped: 1 empty file, the first as /,
  ],
  "binary.txt": [
    new Uint8Array(99),
    /got 1 binary file, the first as .*: binary$/,
  ],
  "latin.txt": [new Uint8Array(99).fill(0xe9), /got 1 file not UTF-8, the /],
};

/** The texts of its good lines. */
const AROUND = ["word ".repeat(9), "x"];

/** Runs `work` for each, a few at a time. */
async function each<T>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const next = async () => {
    for (let item; (item = queue.shift()) !== undefined;) await work(item);
  };
  await Promise.all([next(), next(), next()]);
}

/** Arguments of `prepare` with a separate cache for one file. */
const words = (path: string, ...more: string[]) => [
  ...["prepare", ...SMALL, "data.tokenizer=byte", `data.cache=${path}-cache`],
  ...more,
];

Deno.test("prepare names a bad file and its fault in one line and leaves nothing; --skip-bad continues", async () => {
  using work = workshop();
  const good = texts(10, "good");
  await each(Object.entries(FAULTY), async ([name, faulty]) => {
    const { bytes, fault, field = "text", skipped } = faulty;
    const path = work.at(name), ofField = `data.text_field=${field}`;
    Deno.writeFileSync(path, bytes);
    const start = `blocksmith: Cannot read '${path}'`;
    const line = await fails(words(path, ofField, `data.files=[${path}]`), /./);
    assert(line.startsWith(start), line);
    const [said, advice] = line.slice(start.length).split("; --skip-bad ");
    assertMatch(said, fault);
    assertMatch(advice, /^\(data.skip_bad=true\) (leaves it out|uses what) /);
    assertEquals(filesBelow(`${path}-cache`), []);

    Deno.writeFileSync(`${path}-good.jsonl`, jsonLines(good, field));
    const files = `data.files=[${path},${path}-good.jsonl]`;
    const { out } = await succeeds(
      words(path, ofField, files, "--skip-bad", "data.valid_fraction=0"),
    );
    const told = toldOf(out);
    assertEquals(told.skipped, skipped);
    // What is used is as it was: the texts some way before a cut, the lines
    // around a bad one.
    const count = told.splits.train.documents - good.length;
    const before = skipped === "1 unreadable file" && count > 0
      ? `; ${count} documents before it are used`
      : "";
    assertEquals(told.reasons, [
      `${path}: ${said.replace(/^(: | as )/, "")}${before}`,
    ]);
    if (name.startsWith("cut.jsonl")) assert(count > 10_000, out);
    const used = skipped === "1 unreadable file"
      ? MANY.slice(0, count)
      : AROUND;
    assertEquals(count, used.length);
    const expected = byteChunks([...used, ...good]);
    const tokens = tokensOf(told.dir, "train");
    assertEquals(tokens.length, expected.length);
    assert(tokens.every((token, i) => token === expected[i]), name);
  });
});

Deno.test("prepare says so where there is nothing to train on", async () => {
  using work = workshop();
  await each(Object.entries(EMPTY), async ([name, [bytes, message]]) => {
    const path = work.at(name);
    Deno.writeFileSync(path, bytes);
    // As what a glob finds; what is named by itself is refused as such.
    await fails(words(path, `data.files=[${path}*]`), message);
    assertEquals(filesBelow(`${path}-cache`), []);
  });
  const lines = work.at("other.jsonl");
  Deno.writeFileSync(lines, jsonLines(texts(3, "other")));
  await fails(
    words(
      lines,
      `data.files=[${lines}]`,
      "data.text_field=body",
      "--skip-bad",
    ),
    /all documents are skipped, the first as .*other\.jsonl: line 1: no field 'body' \(it has: id, text\)$/,
  );
  await fails(
    words(work.at("x"), "data.files=[-]"),
    /Cannot read standard input as it is empty: pipe text into this command$/,
  );
  await fails(
    words(work.at("x"), `data.files=[${work.at("text")},${work.at("no/*")}]`),
    /Cannot read any text as 'data\.files' finds no file: got '.*no\/\*'$/,
  );
  assertEquals(filesBelow(work.at("x-cache")), []);
});

Deno.test("a tokenizer that cannot be used is one line", async () => {
  using work = workshop();
  const refuse = async (json: unknown, message: RegExp) => {
    const path = work.at("tokenizer.json");
    Deno.writeTextFileSync(
      path,
      typeof json === "string" ? json : JSON.stringify(json),
    );
    const [, ...more] = words(path, `data.files=[${work.at("text")}]`);
    await fails(["prepare", ...more, `data.tokenizer=${path}`], message);
    assert(!isThere(`${path}-cache`));
  };
  const whole = composeTokenizerJson(readFixtures(), "gpt2");
  const text = JSON.stringify(whole);
  await refuse(
    { ...whole, model: { type: "Neural" } },
    /Cannot use the tokenizer '.*tokenizer\.json' as its model has the type "Neural", which is not supported: the supported types are BPE, /,
  );
  await refuse(
    { ...whole, pre_tokenizer: { type: "Magic" } },
    /its pre_tokenizer has the type "Magic", which is not supported: the supported types are Sequence, /,
  );
  await refuse(
    text.slice(0, text.length / 2),
    /Cannot use the tokenizer '.*tokenizer\.json' as it is not JSON: /,
  );
  await fails(
    [
      ...words(work.at("x"), `data.files=[${work.at("text")}]`),
      "data.tokenizer=bpe",
    ],
    /'data\.tokenizer' must be one of byte, gpt2, .*: got "bpe"$/,
  );
});

Deno.test("a folder of fairseq's that is damaged is one line", async () => {
  using work = workshop();
  const folder = work.at("bin");
  const refuse = (message: RegExp, ...more: string[]) =>
    fails([
      ...["prepare", "data=fairseq", `data.path=${folder}`, "data.bpe=null"],
      ...["model=transformer_lm_gpt", "--tokens-per-sample", "16", ...more],
    ], message);
  await refuse(/Cannot read 'data\.path' as '.*bin' is not a folder$/);
  Deno.mkdirSync(folder);
  await refuse(
    /Cannot find '.*bin\/dict\.txt': each folder that fairseq-preprocess/,
  );
  writeDictionary(folder, ["a", "b", "c"]);
  await refuse(/Cannot find '.*bin\/train\.idx': a subset has an index/);
  const sentences = Array.from({ length: 9 }, () => [4, 5, 6, 2]);
  writeSubset(folder, "train", sentences);
  const bin = work.at("bin/train.bin");
  const bytes = Deno.readFileSync(bin);
  Deno.writeFileSync(bin, bytes.subarray(0, -6));
  await refuse(
    /Cannot read '.*train\.idx' as index and data file disagree: sentence 8 ends at byte 72, but '.*train\.bin' has 66 bytes$/,
  );
  Deno.writeFileSync(bin, bytes);
  await refuse(/Cannot find '.*bin\/test\.idx'/, "data.valid_subset=test");
  writeSubset(folder, "train", [...sentences, [7, 2]]);
  const run = `run=${work.at("run")}`;
  await fails(
    [
      ...["train", "data=fairseq", `data.path=${folder}`, "data.bpe=null"],
      ...["model=transformer_lm_gpt", "--tokens-per-sample", "16", run],
      ..."--decoder-layers 1 --decoder-embed-dim 32 --decoder-attention-heads 2"
        .split(" "),
    ],
    /Cannot use '.*train\.bin' as its token 36 is 7, but the largest id is 6: the dictionary does not match the data$/,
  );
});
