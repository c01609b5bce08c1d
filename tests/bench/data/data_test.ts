import { assert, assertEquals, assertRejects } from "@std/assert";
import { runBench } from "../../../src/bench/bench.ts";
import {
  type BenchSource,
  writeBenchSources,
} from "../../../src/bench/data/files.ts";
import { benchModels } from "../../../src/bench/data/models.ts";
import { benchReaders } from "../../../src/bench/data/readers.ts";
import { benchText } from "../../../src/bench/data/text.ts";
import { asText } from "../../../src/bench/format_table.ts";
import { NO_PEERS } from "../../../src/bench/peers/data_libraries.ts";
import { benchTables } from "../../../src/bench/result_tables.ts";
import { loadTokenizer } from "../../../src/data/tokenizers/load_tokenizer.ts";

const temporary = () =>
  [...Deno.readDirSync("/tmp")].map(({ name }) => name)
    .filter((name) => name.startsWith("blocksmith-bench-"));

Deno.test("runBench() measures data without a GPU", async () => {
  const before = Deno.build.os === "linux" ? temporary() : [];
  const stages: string[] = [];
  const result = await runBench(null, {
    sections: new Set(["data"]),
    quick: true,
    choices: {},
    onStage: (what) => stages.push(what),
  });
  assertEquals(result.peak, null);
  const { text, floors, tokenizers, readers, prepare, blocks, feed } = result
    .data!;
  assert(text.bytes >= 3e5 && text.documents > 0);
  const rates = [
    ...floors.map(({ rate }) => rate),
    ...tokenizers.flatMap(({ ours, long }) => [ours, long]),
    ...readers.flatMap(({ ours, inspect }) => [ours, inspect]),
  ];
  for (const { mb, cpu } of rates) assert(mb > 0 && cpu > 0, `${mb} ${cpu}`);
  assertEquals(tokenizers.map(({ name }) => name), [
    "byte",
    "gpt2",
    "byte-level BPE",
    "Llama 3's split",
    "SentencePiece BPE",
    "WordPiece",
    "Unigram",
  ]);
  // Without the library there is nothing to compare.
  assert(tokenizers.every(({ peer, ratio, same }) => !peer && !ratio && !same));
  assertEquals(tokenizers[0].bytesPerToken, 1);
  const [{ ms, cpuMs, mb, peak }] = prepare;
  assert(ms > 0 && cpuMs > 0);
  assertEquals(mb, text.bytes / 1e3 / ms);
  if (Deno.build.os === "linux") {
    assert(peak! > result.data!.before!);
    assertEquals(temporary(), before);
  }
  assertEquals(blocks.map(({ name }) => name), ["token store", "fairseq"]);
  assertEquals(feed.map(({ readAhead }) => readAhead), [0, 4]);
  assert(stages.includes("prepare JSON Lines, byte, 1 thread"), `${stages}`);
  const tables = benchTables(result).map(asText).join("\n");
  assert(!/undefined|NaN|Infinity/.test(tables), tables);
});

Deno.test("benchText() gives the wanted amount, the same every time", () => {
  const text = benchText(1e5);
  const size = (document: string) => new TextEncoder().encode(document).length;
  assertEquals(text.documents.map(size), text.sizes);
  assertEquals(text.sizes.reduce((a, b) => a + b), text.bytes);
  assert(text.bytes >= 1e5 && text.bytes < 2e6, `${text.bytes}`);
  assertEquals(benchText(1e5), text);
});

Deno.test("benchModels() give GPT-2's ids, each in the notation of its kind", async () => {
  const folder = await Deno.makeTempDir();
  const text = "Hello world, what a\n  fine day: naïve 123";
  try {
    const ids: Record<string, number[]> = {};
    for (const [name, json] of Object.entries(await benchModels())) {
      const path = `${folder}/${Object.keys(ids).length}.json`;
      Deno.writeTextFileSync(path, JSON.stringify(json));
      const tokenizer = await loadTokenizer(path);
      ids[name] = [...tokenizer.encode(text)];
      assert(tokenizer.vocabSize > 39_000, name);
      // None of them falls back to characters.
      assert(ids[name].length < 20, `${name}: ${ids[name]}`);
    }
    const gpt2 = await loadTokenizer("gpt2");
    assertEquals(ids["byte-level BPE"], [...gpt2.encode(text)]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("benchReaders() compares with the library, and stops at a bad record", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const text = benchText(1e4);
    const [texts] = writeBenchSources(text, folder, NO_PEERS);
    const measure = (source: BenchSource) =>
      benchReaders([source], text.bytes, NO_PEERS, {
        rounds: 1,
        onStage: () => {},
      });
    const [row] = await measure(texts);
    assertEquals([row.packed, row.peerName], [1, "readFile"]);
    assert(row.ratio! > 0);
    const [, lines] = writeBenchSources(text, folder, NO_PEERS);
    Deno.writeTextFileSync(lines.files[0].path, '{"text": 5}\n');
    await assertRejects(() => measure(lines), Error, "line 1");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
