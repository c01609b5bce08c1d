import { assert, assertEquals } from "@std/assert";
import { basename, join } from "node:path";
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { UNFINISHED } from "../../../src/fs/durable_folder.ts";
import { assertSameStore, namesIn } from "../../helpers/data/sources.ts";
import { tempDir } from "../../helpers/files.ts";

const SCRIPT = fileURLToPath(
  new URL("../../helpers/scripts/prepare_once.ts", import.meta.url),
);

interface Told {
  done?: number;
  message?: string;
  dir?: string;
  splits?: unknown;
}

/** Starts a process that prepares, and returns its output line by line. */
function start(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, ...args],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = async function* (): AsyncGenerator<Told> {
    let text = "";
    for await (
      const part of child.stdout.pipeThrough(new TextDecoderStream())
    ) {
      text += part;
      const whole = text.split("\n");
      text = whole.pop()!;
      for (const line of whole) yield JSON.parse(line);
    }
  };
  return { child, lines: lines() };
}

/**
 * Files of every kind that has its own reader: 30 MB of small, long and
 * compressed texts and of records, with duplicates.
 */
function writeTexts(dir: string): void {
  Deno.mkdirSync(dir);
  const line = (i: number) =>
    JSON.stringify({ text: `record ${i % 9000} `.repeat(8) }) + "\n";
  const records = (n: number) => Array.from({ length: n }, (_, i) => line(i));
  for (let i = 0; i < 12; i++) {
    Deno.writeTextFileSync(
      join(dir, `small${i}.txt`),
      `line ${i % 10}\n`.repeat(10_000),
    );
  }
  const long = Array.from({ length: 800_000 }, (_, i) => `é${i}`).join("\n");
  Deno.writeTextFileSync(join(dir, "long.txt"), long);
  Deno.writeTextFileSync(join(dir, "same_as_long.txt"), long);
  Deno.writeTextFileSync(join(dir, "x.jsonl"), records(60_000).join(""));
  Deno.writeFileSync(
    join(dir, "y.jsonl.gz"),
    gzipSync(Buffer.from(records(30_000).reverse().join(""))),
  );
}

/** The states in a journal, by shard. */
function journalOf(dir: string): { bytes: number }[] {
  let text = "";
  try {
    text = Deno.readTextFileSync(join(dir, "journal.jsonl"));
  } catch {
    return [];
  }
  return text.split("\n").slice(0, -1)
    .map((line) => JSON.parse(line.slice(17)).state);
}

Deno.test("prepare() killed again and again resumes, and ends with the bytes of an undisturbed run", async () => {
  using root = tempDir();
  const texts = join(root.path, "texts");
  const cache = join(root.path, "cache");
  writeTexts(texts);
  const whole = start(texts, join(root.path, "fresh"), "0");
  const fresh = (await Array.fromAsync(whole.lines)).at(-1)!;
  assert((await whole.child.status).success);
  const unfinished = join(cache, "stores", basename(fresh.dir!) + UNFINISHED);

  // Processes are killed a different number of reports after their start.
  let before = journalOf(unfinished);
  let gains = 0;
  for (const reports of [1, 0, 2, 1, 0, 1]) {
    const workers = String(reports % 3);
    // The process stops for good two reports later, so that it never finishes
    // before it is killed.
    const last = String(reports + 3);
    const { child, lines } = start(texts, cache, workers, "80", last);
    let seen = 0;
    for await (const { done, message } of lines) {
      if (message) {
        assert(/^continuing where an earlier run stopped/.test(message));
        assert(before.length > 0, "there was something to resume");
      }
      if (done === undefined) continue;
      if (seen++ === 0) {
        // No work before the last shard is repeated.
        const from = before.at(-1)?.bytes ?? 0;
        assert(done > from, `${done} after ${from}`);
      }
      if (seen > reports) break;
    }
    // Somewhere within the next unit.
    await new Promise((resolve) => setTimeout(resolve, 80 * Math.random()));
    child.kill("SIGKILL");
    assertEquals((await child.status).success, false);
    const after = journalOf(unfinished);
    assertEquals(after.slice(0, before.length), before);
    if (after.length > before.length) gains++;
    before = after;
  }
  assert(gains >= 2, `${gains} of the runs have saved a shard`);

  const end = start(texts, cache, "2");
  const output = await Array.fromAsync(end.lines);
  assert((await end.child.status).success);
  assert(
    output[0].message?.startsWith("continuing"),
    JSON.stringify(output[0]),
  );
  const made = output.at(-1)!;
  assertEquals(made.splits, fresh.splits);
  assertSameStore(made.dir!, fresh.dir!);
  assertEquals(namesIn(join(cache, "stores")), [basename(made.dir!)]);
});

Deno.test("prepare() of two processes at once makes one store", async () => {
  using root = tempDir();
  const texts = join(root.path, "texts");
  const cache = join(root.path, "cache");
  writeTexts(texts);
  const runs = [1, 2].map(() => start(texts, cache, "1"));
  const output = await Promise.all(
    runs.map(async ({ lines }) => (await Array.fromAsync(lines)).at(-1)!),
  );
  for (const { child } of runs) assert((await child.status).success);
  const [a, b] = output as { dir: string; reused: boolean }[];
  assertEquals(a.dir, b.dir);
  assertEquals([a.reused, b.reused].sort(), [false, true]);
  assertEquals(namesIn(join(cache, "stores")), [basename(a.dir)]);
});
