import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename } from "node:path";
import { UNFINISHED } from "../../src/fs/durable_folder.ts";
import { start, succeeds, type Workshop, workshop } from "../helpers/cli.ts";
import {
  filesBelow,
  gzip,
  jsonLines,
  SMALL,
  toldOf,
} from "../helpers/cli_data.ts";
import { assertSameStore } from "../helpers/data/sources.ts";

/**
 * Text of more than two shards of 32 MiB: long records, a fifth of which come
 * again.
 */
function writeTexts(work: Workshop): void {
  const records = (from: number, count: number) =>
    Array.from(
      { length: count },
      (_, i) => `record ${from + i}: ${"abc défg ".repeat(900)}`,
    );
  Deno.mkdirSync(work.at("in"));
  Deno.writeFileSync(work.at("in/a.jsonl"), jsonLines(records(0, 3000)));
  Deno.writeFileSync(
    work.at("in/b.jsonl.gz"),
    gzip(jsonLines(records(2000, 3000))),
  );
  Deno.writeTextFileSync(work.at("in/c.txt"), records(9000, 1500).join("\n"));
  Deno.writeTextFileSync(work.at("in/d.txt"), records(9000, 1500).join("\n"));
  Deno.writeFileSync(work.at("in/e.jsonl"), jsonLines(records(7000, 900)));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("prepare that is killed at any moment resumes to the same bytes", async () => {
  using work = workshop();
  writeTexts(work);
  const words = (cache: string) => [
    ...["prepare", ...SMALL, "data.tokenizer=byte", "--dedup"],
    ...[`data.files=[${work.at("in")}]`, `data.cache=${work.at(cache)}`],
    ...["--workers", "2"],
  ];
  const before = performance.now();
  const whole = toldOf((await succeeds(words("whole"))).out);
  const duration = performance.now() - before;
  assertEquals(whole.skipped, "1001 duplicates");
  const unfinished = work.at(
    `cache/stores/${basename(whole.dir)}${UNFINISHED}`,
  );
  const shards = () => {
    try {
      const text = Deno.readTextFileSync(`${unfinished}/journal.jsonl`);
      return text.split("\n").length - 1;
    } catch {
      return 0;
    }
  };

  /**
   * Starts a run, and kills it once `due` says so; what it has said, and
   * whether it was alive.
   */
  const killed = async (
    due: (child: Deno.ChildProcess) => Promise<unknown>,
  ) => {
    const child = start(words("cache"));
    const said = new Response(child.stderr).text();
    const quiet = child.stdout.cancel();
    await due(child);
    try {
      child.kill("SIGKILL");
    } catch {
      // It has come to its end.
    }
    const { signal } = await child.status;
    await quiet;
    return { alive: signal === "SIGKILL", said: await said };
  };

  // Moments of a seeded random sequence, of the loading of the program to the
  // last shard.
  let state = 1;
  for (let kills = 0; kills < 6;) {
    state = state * 48271 % 2147483647;
    const moment = duration * (0.1 + 0.7 * state / 2147483647);
    const had = shards();
    const { alive, said } = await killed(() => sleep(moment));
    if (said.includes("continuing where an earlier run stopped")) {
      assert(had > 0, said);
    }
    if (alive) {
      kills++;
      assert(shards() >= had, `${shards()} shards after ${had}`);
    } else {
      // It was quicker than the first one: nothing is left to resume.
      Deno.removeSync(work.at("cache"), { recursive: true });
    }
  }
  // One more in the middle of the last shard, wherever the others were.
  await killed(async (child) => {
    let over = false;
    child.status.then(() => over = true);
    while (!over && shards() < 2) await sleep(5);
  });
  assertEquals(shards(), 2);

  const { out, err } = await succeeds(words("cache"));
  assertMatch(err, /^continuing where an earlier run stopped, at \d\d %/m);
  const last = toldOf(out);
  assertEquals(last.found, false);
  assertSameStore(last.dir, whole.dir);
  assertEquals({ ...last, dir: "" }, { ...whole, dir: "" });
  const stores = (cache: string) => filesBelow(work.at(cache, "stores"));
  assertEquals(stores("cache"), stores("whole"));
});
