import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import {
  checkpoints,
  hashes,
  metrics,
  start,
  succeeds,
  workshop,
} from "../helpers/cli.ts";

/** Long enough that a signal finds it at work. */
const STEPS = ["train.max_steps=60", "train.save_steps=30"];
const LAST = "step-000060";

/** A step of seconds on any device that these tests meet. */
const SLOW = "train.gradient_accumulation_steps=500";

/** A process's lines on standard error, one at a time. */
async function* linesOf(child: Deno.ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

Deno.test("trainRun() ends in order on a signal, and resumes to the same bits", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("straight", ...STEPS)]);
  for (
    const [signal, code] of [
      ["SIGHUP", 129],
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const
  ) {
    const run = work.at(signal);
    await using child = start(["train", ...work.tiny(signal, ...STEPS)]);
    const quiet = child.stdout.cancel();
    const lines: string[] = [];
    for await (const line of linesOf(child)) {
      lines.push(line);
      if (line.startsWith("step 2/")) child.kill(signal);
    }
    await quiet;
    const status = await child.status;
    assertEquals([status.code, status.signal], [code, null], lines.join("\n"));
    assert(
      lines.includes(
        `${signal}: finishing the step and saving${
          signal === "SIGHUP" ? "" : "; send it again to quit immediately"
        }`,
      ),
      lines.join("\n"),
    );
    const [, step, how] = lines.at(-1)!.match(
      /^stopped after step (\d+); resume with: blocksmith (.*)$/,
    )!;
    assertEquals(how, `train --resume ${run}`);
    assertEquals(checkpoints(run).at(-1), `step-${step.padStart(6, "0")}`);
    assertEquals(metrics(run).at(-1)!.step, Number(step));

    await succeeds(how.split(" "));
    assertEquals(hashes(run, LAST), hashes(work.at("straight"), LAST));
    assertEquals(
      metrics(run).map((r) => r.step),
      metrics(work.at("straight")).map((r) => r.step),
    );
  }
});

Deno.test("trainRun() quits immediately on a second signal, in the middle of a step", async () => {
  using work = workshop();
  await using child = start(["train", ...work.tiny("run", SLOW)]);
  const quiet = child.stdout.cancel();
  const lines: string[] = [];
  for await (const line of linesOf(child)) {
    lines.push(line);
    if (line.startsWith("step 1/")) child.kill("SIGTERM");
    if (line.startsWith("SIGTERM: finishing")) child.kill("SIGINT");
  }
  await quiet;
  const { code, signal } = await child.status;
  assertEquals([code, signal], [130, "SIGINT"], lines.join("\n"));
  assert(lines.at(-1)!.startsWith("SIGTERM: finishing"), lines.join("\n"));
});

Deno.test("trainRun() ends immediately while it reads the data, leaves no folder, and says how to continue", async () => {
  using work = workshop();
  const records = Array.from(
    { length: 4000 },
    (_, i) =>
      JSON.stringify({ text: `record ${i} ${"abc défg ".repeat(900)}` }),
  );
  Deno.writeTextFileSync(work.at("texts.jsonl"), records.join("\n"));
  await using child = start([
    "train",
    ...work.tiny("runs/one", "data=files", "data.tokenizer=gpt2"),
    `data.files=[${work.at("texts.jsonl")}]`,
    `data.cache=${work.at("texts-cache")}`,
  ]);
  const quiet = child.stdout.cancel();
  const told = new Response(child.stderr).text();
  while (!existsSync(work.at("texts-cache/stores"))) await delay(5);
  child.kill("SIGINT");
  await quiet;
  assertEquals((await child.status).code, 130);
  assertMatch(
    await told,
    /^SIGINT: stopped; run it again to continue from here/m,
  );
  assertEquals(existsSync(work.at("runs")), false);
});
