import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  Progress,
  type ProgressSink,
} from "../../src/terminal/progress_bar.ts";
import { script } from "../helpers/files.ts";

/** A sink that remembers, and a clock in the test's hand. */
function fake(columns = 120, isTerminal = false, color = false) {
  const state = { text: "", ms: 0, columns };
  const sink: ProgressSink = {
    isTerminal,
    color,
    columns: () => state.columns,
    write: (text) => void (state.text += text),
  };
  return { state, sink, now: () => state.ms };
}

const FIELDS = {
  loss: 2.3449,
  lr: 1.2e-3,
  grad_norm: 0.8712,
  tokens_per_second: 12345,
};

Deno.test("Progress writes one plain line per report without a terminal", async () => {
  const { state, sink, now } = fake(20);
  const progress = new Progress({ label: "step", total: 600, sink, now });
  state.ms = 20_000;
  for (let step = 1; step <= 120; step++) progress.at(step);
  assertEquals(state.text, "");
  progress.report(FIELDS);
  progress.note("saved");
  await progress.stop();
  // Never cut to a width: a log file has none.
  assertEquals(
    state.text,
    "step 120/600  loss 2.345 nats  lr 1.2e-3  grad 0.87  12.3k tok/s  1m20s left\n" +
      "saved\n",
  );
});

Deno.test("Progress shows fairseq's losses in bits too, and its perplexity", () => {
  const { state, sink, now } = fake();
  const task = { label: "step", total: 2, inBits: true };
  const progress = new Progress({
    ...task,
    sink: { ...sink, isTerminal: false },
    now,
  });
  progress.at(2);
  progress.report({ loss: Math.log(50) });
  // 2 to the one and e to the other are the same perplexity.
  assertEquals(
    state.text,
    "step 2/2  loss 3.912 nats (fairseq prints 5.644)  ppl 50.00\n",
  );
});

Deno.test("Progress counts the remaining time from the resumed step and the last minute", () => {
  const { state, sink, now } = fake();
  const options = { label: "step", total: 600, start: 500, sink, now };
  const progress = new Progress(options);
  state.ms = 10_000;
  progress.at(510);
  progress.report();
  assertEquals(state.text, "step 510/600  1m30s left\n");
  // A slow start is forgotten: from here on ten steps a second.
  state.text = "";
  for (let step = 511; step <= 599; step++) {
    state.ms += 100 + (step === 511 ? 300_000 : 0);
    progress.at(step);
  }
  state.ms += 60_000;
  progress.at(599);
  state.ms += 60_000;
  progress.at(600);
  progress.report();
  assertEquals(state.text, "step 600/600\n");
});

Deno.test("Progress of bytes writes one line every few seconds and one at the end", async () => {
  const { state, sink, now } = fake();
  const options = { label: "prepare", total: 40e6, unit: "bytes" } as const;
  const progress = new Progress({ ...options, sink, now });
  for (let second = 1; second <= 6; second++) {
    state.ms = second * 1000;
    progress.at(second * 4e6);
  }
  assertEquals(state.text, "prepare 20.0 MB/40.0 MB  4.0 MB/s  5s left\n");
  progress.at(40e6);
  await progress.stop();
  assertMatch(state.text, /\nprepare 40.0 MB\/40.0 MB {2}6.7 MB\/s\n$/);
});

/** What a terminal of enough width would show of the last frame. */
function lastFrame(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.split("\r\x1b[K").at(-1)!.replace(/\x1b\[\d*m|\n/g, "");
}

Deno.test("Progress draws a bar on a terminal and writes notes above it", async () => {
  const { state, sink, now } = fake(120, true);
  const options = { label: "step", total: 600, start: 100, sink, now };
  const progress = new Progress(options);
  state.ms = 10_000;
  progress.at(300);
  progress.report(FIELDS);
  state.text = "";
  progress.note("saved");
  assertEquals(state.text, "\r\x1b[Ksaved\n");
  // The bar draws itself once a second.
  await new Promise((done) => setTimeout(done, 1200));
  const line = "step 300/600  [##########----------]  " +
    "loss 2.345 nats  lr 1.2e-3  grad 0.87  12.3k tok/s  15s left";
  assertEquals(lastFrame(state.text), line);
  await progress.stop();
  assertEquals(state.text.at(-1), "\n");
});

Deno.test("Progress fits its line into any width, colours not counted", async () => {
  const seen = new Set<string>();
  for (let columns = 0; columns <= 100; columns++) {
    for (const color of [false, true]) {
      const { state, sink, now } = fake(columns, true, color);
      const options = { label: "step", total: 600, sink, now };
      const progress = new Progress(options);
      state.ms = 1000;
      progress.at(120);
      progress.report(FIELDS);
      await progress.stop();
      const line = lastFrame(state.text);
      assert(line.length <= Math.max(0, columns - 1), `${columns}: ${line}`);
      const raw = state.text.split("\r").at(-1)!;
      assertEquals(raw.includes("\x1b[36m"), color && line.includes("["));
      seen.add(line.slice(12).replace(/\[.*\]/, "[]").replaceAll("  ", "|"));
    }
  }
  // The order in which the parts give way.
  assertEquals([...seen].filter((line) => line !== ""), [
    "|loss 2.345 nats",
    "|loss 2.345 nats|4s left",
    "|loss 2.345 nats|12.3k tok/s|4s left",
    "|[]|loss 2.345 nats|12.3k tok/s|4s left",
    "|[]|loss 2.345 nats|lr 1.2e-3|12.3k tok/s|4s left",
    "|[]|loss 2.345 nats|lr 1.2e-3|grad 0.87|12.3k tok/s|4s left",
  ]);
});

Deno.test("Progress lets the task go on when standard error is closed", async () => {
  const run = `"${Deno.execPath()}" run -A --no-check "${
    script("progress.ts")
  }"`;
  // Closed from the start, and closed while writing (EPIPE).
  for (const command of [`${run} 2>&-`, `{ ${run} 2>&1 >&3 | true; } 3>&1`]) {
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", command],
      stderr: "null",
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "finished\n", command);
  }
});

Deno.test({
  name: "Progress draws on a real terminal, in colour unless NO_COLOR",
  // `script` makes the terminal; it is part of util-linux.
  ignore: !(await new Deno.Command("sh", {
    args: ["-c", "script -qec true /dev/null"],
    stdout: "null",
    stderr: "null",
  }).output()).success,
  fn: async () => {
    const run = `"${Deno.execPath()}" run -A --no-check "${
      script("progress.ts")
    }"`;
    for (const plain of [false, true]) {
      const env: Record<string, string> = Deno.env.toObject();
      env.TERM = "xterm";
      delete env.NO_COLOR;
      if (plain) env.NO_COLOR = "1";
      const { stdout } = await new Deno.Command("script", {
        args: ["-qec", `stty cols 70; ${run}`, "/dev/null"],
        clearEnv: true,
        env,
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert(text.includes("step 200/200"), text);
      assert(text.includes("[####################]"), text);
      assertEquals(text.includes("\x1b[36m"), !plain, text);
    }
  },
});
