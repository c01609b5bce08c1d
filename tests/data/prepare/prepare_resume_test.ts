import { assert, assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { basename, join } from "node:path";
import { FairseqSink } from "../../../src/data/fairseq/mod.ts";
import {
  prepare,
  type PrepareOptions,
} from "../../../src/data/prepare/prepare.ts";
import { byteTokenizer } from "../../../src/data/tokenizers/byte.ts";
import type { Tokenizer } from "../../../src/data/tokenizers/tokenizer.ts";
import { UserError } from "../../../src/errors.ts";
import { UNFINISHED } from "../../../src/fs/durable_folder.ts";
import {
  assertSameStore,
  namesIn,
  sourcesIn,
} from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

/**
 * Half a megabyte of records, texts that are cut in pieces, and short texts.
 */
function writeTexts(dir: string): void {
  Deno.mkdirSync(dir);
  const record = (i: number) =>
    JSON.stringify({ text: `${i} `.repeat(i % 90) });
  const records = Array.from({ length: 9000 }, (_, i) => record(i));
  const long = Array.from({ length: 400_000 }, (_, i) => `é${i}`).join("\n");
  Deno.writeTextFileSync(join(dir, "a.jsonl"), records.join("\n"));
  Deno.writeTextFileSync(join(dir, "b.txt"), long);
  Deno.writeTextFileSync(join(dir, "c.txt"), "c".repeat(500));
  Deno.writeTextFileSync(join(dir, "d.txt"), long);
  Deno.writeTextFileSync(join(dir, "e.txt"), "e".repeat(500));
}

/**
 * A tokenizer that stops a run after some number of characters, unlike any
 * fault of the data.
 */
function stopping(characters: number): Tokenizer {
  return {
    ...byteTokenizer,
    encode(text) {
      characters -= text.length;
      if (characters < 0) throw new Error("stopped");
      return byteTokenizer.encode(text);
    },
  };
}

/** Runs until the store is finished, each time stopped after a unit or two. */
async function runInParts(options: PrepareOptions) {
  for (let round = 0; round < 50; round++) {
    try {
      // More than a unit and its read-ahead, so that each round makes progress.
      const tokenizer = stopping(2_500_000 + round % 2 * 1_000_000);
      const made = await prepare({ ...options, tokenizer });
      return { ...made, rounds: round };
    } catch (error) {
      assertEquals((error as Error).message, "stopped");
    }
  }
  throw new Error("it never ends");
}

Deno.test("prepare() resumes within long texts and between all others, to the same bytes", async () => {
  using root = tempDir();
  writeTexts(join(root.path, "texts"));
  for (const dedup of [false, true]) {
    const options = {
      documents: { files: sourcesIn(join(root.path, "texts")) },
      tokenizer: byteTokenizer,
      sequenceLength: 48,
      validFraction: 0.2,
      dedup,
      workers: 0,
      shardBytes: 1,
    };
    const whole = await prepare({
      ...options,
      cacheDir: join(root.path, "whole"),
    });
    const parts = await runInParts({
      ...options,
      cacheDir: join(root.path, "parts"),
    });
    assert(parts.rounds >= 3, `${parts.rounds} rounds`);
    assertSameStore(parts.dir, whole.dir);
    assertEquals(parts.summary.skipped.duplicate > 0, dedup);
  }
});

Deno.test("prepare() resumes in fairseq's format too, between documents", async () => {
  using root = tempDir();
  writeTexts(join(root.path, "texts"));
  const run = (name: string): PrepareOptions => ({
    documents: { files: sourcesIn(join(root.path, "texts")) },
    tokenizer: byteTokenizer,
    sequenceLength: 48,
    validFraction: 0.2,
    workers: 0,
    shardBytes: 1,
    cacheDir: join(root.path, "cache"),
    out: {
      dir: join(root.path, name),
      sink: (dir, tokenizer) => new FairseqSink(dir, { tokenizer }),
    },
  });
  const whole = await prepare(run("whole"));
  const parts = await runInParts(run("parts"));
  assert(parts.rounds >= 3, `${parts.rounds} rounds`);
  const names = namesIn(whole.dir);
  assert(names.includes("train.idx") && names.includes("dict.txt"));
  assertEquals(namesIn(parts.dir), names);
  for (const name of names) {
    const [a, b] = [whole, parts].map(({ dir }) =>
      Deno.readFileSync(join(dir, name))
    );
    assertEquals(Buffer.compare(a, b), 0, name);
  }
});

Deno.test("prepare() starts over if the unfinished files do not match their journal", async () => {
  using root = tempDir();
  writeTexts(join(root.path, "texts"));
  const cacheDir = join(root.path, "cache");
  const options = {
    documents: { files: sourcesIn(join(root.path, "texts")) },
    tokenizer: byteTokenizer,
    sequenceLength: 48,
    dedup: true,
    workers: 0,
    shardBytes: 1,
  };
  const whole = await prepare({ ...options, cacheDir: root.path });
  const unfinished = join(cacheDir, "stores", basename(whole.dir) + UNFINISHED);
  const damages: (() => void)[] = [
    () => Deno.truncateSync(join(unfinished, "train.bin"), 10),
    () => Deno.removeSync(join(unfinished, "valid.bin")),
    () => Deno.truncateSync(join(unfinished, "seen.bin"), 17),
    () => Deno.truncateSync(join(unfinished, "journal.jsonl"), 30),
    () => Deno.writeTextFileSync(join(unfinished, "store.json"), "{}"),
  ];
  for (const damage of damages) {
    await assertRejects(
      () => prepare({ ...options, cacheDir, tokenizer: stopping(4e6) }),
      Error,
      "stopped",
    );
    damage();
    const { dir, reused } = await prepare({ ...options, cacheDir });
    assertEquals(reused, false);
    assertSameStore(dir, whole.dir);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("prepare() takes a store that was whole but for its name", async () => {
  using root = tempDir();
  writeTexts(join(root.path, "texts"));
  const said: string[] = [];
  const options: PrepareOptions = {
    documents: { files: sourcesIn(join(root.path, "texts")) },
    tokenizer: byteTokenizer,
    sequenceLength: 48,
    workers: 0,
    cacheDir: root.path,
    say: (message) => said.push(message),
  };
  const { dir } = await prepare(options);
  await Deno.rename(dir, dir + UNFINISHED);
  await Deno.writeTextFile(join(dir + UNFINISHED, "journal.jsonl"), "");
  const inode = (path: string) => Deno.statSync(path).ino;
  const before = inode(join(dir + UNFINISHED, "train.bin"));
  await prepare(options);
  assertEquals(inode(join(dir, "train.bin")), before);
  assertEquals(namesIn(dir), ["store.json", "train.bin", "valid.bin"]);
  assertEquals(said, []);
});

Deno.test("prepare() reports in one line that a thread ended, and keeps what there is", async () => {
  using root = tempDir();
  writeTexts(join(root.path, "texts"));
  const options: PrepareOptions = {
    documents: { files: sourcesIn(join(root.path, "texts")) },
    tokenizer: byteTokenizer,
    sequenceLength: 48,
    shardBytes: 1,
    cacheDir: root.path,
  };
  await assertRejects(
    () => prepare({ ...options, tokenizer: stopping(4e6), workers: 0 }),
    Error,
    "stopped",
  );
  const stores = join(root.path, "stores");
  const [left] = namesIn(stores);
  const journal = Deno.readFileSync(join(stores, left, "journal.jsonl"));
  const { Worker } = globalThis;
  globalThis.Worker = class extends EventTarget {
    onerror?: (event: ErrorEvent) => void;
    postMessage(message: object) {
      if ("setup" in message) return;
      queueMicrotask(() =>
        this.onerror?.(new ErrorEvent("error", { message: "no more\nmemory" }))
      );
    }
    terminate() {}
  } as never;
  try {
    const { message } = await assertRejects(
      () => prepare({ ...options, workers: 2 }),
      UserError,
      "Cannot prepare the data as a worker thread stopped (no more): run again",
    );
    assertEquals(message.includes("\n"), false);
  } finally {
    globalThis.Worker = Worker;
  }
  assertEquals(namesIn(stores), [left]);
  assertEquals(
    Deno.readFileSync(join(stores, left, "journal.jsonl")),
    journal,
  );
});
