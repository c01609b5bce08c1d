import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import {
  checkpoints,
  commandLine,
  hashes,
  isThere,
  metrics,
  succeeds,
  workshop,
} from "../helpers/cli.ts";

/** A command on a new terminal; what appears there is on standard output. */
const terminalCommand = (command: string) =>
  new Deno.Command("script", {
    args: ["-qec", `stty cols 120 2>/dev/null; ${command}`, "/dev/null"],
    env: { TERM: "xterm" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });

/** Runs a command on a new terminal. */
const onTerminal = (command: string) => terminalCommand(command).output();

/** The program as words for a shell. */
const shellWords = (args: string[]) =>
  commandLine(args).map((word) => `'${word}'`).join(" ");

const hasScript = await onTerminal("true").then(
  ({ success }) => success,
  () => false,
);

Deno.test({
  name:
    "train shows a bar with loss, tokens per second and remaining time on a terminal",
  // Needs `script` of util-linux.
  ignore: !hasScript,
  async fn() {
    using work = workshop();
    const words = work.tiny(
      "run",
      "train.max_steps=150",
      "train.eval_steps=50",
    );
    const { stdout, success } = await onTerminal(
      shellWords(["train", ...words]),
    );
    const shown = new TextDecoder().decode(stdout);
    assert(success, shown);
    // Each drawing starts the line again; colours are removed here.
    const drawn = shown.split("\r").map((line) => {
      for (const code of ["[K", "[36m", "[0m"]) {
        line = line.replace(`\x1b${code}`, "");
      }
      return line;
    });
    const bar =
      /^step \d+\/150 {2}\[#*-*\] {2}loss \d\.\d{3} nats {2}.*\d(\.\d)?k? tok\/s {2}\d+s left$/;
    assert(drawn.some((line) => bar.test(line)), shown);
    // Whole lines are above the bar, which continues below.
    const notes = drawn.filter((l) => /^step \d+ {2}validation loss/.test(l));
    assertEquals(notes.length, 3, shown);
    assertMatch(shown, /step 150\/150 /);
    assertMatch(shown, /\ndone: 150 steps, validation loss/);
  },
});

Deno.test("train prints plain lines if there is no terminal", async () => {
  using work = workshop();
  const { out, err } = await succeeds(["train", ...work.tiny("run")]);
  assertEquals(out, "");
  assert(!err.includes("\r") && !err.includes("\x1b"), JSON.stringify(err));
  const lines = err.split("\n");
  const steps = lines.filter((line) => /^step \d+\/20 /.test(line));
  assertEquals(steps.length, 20, err);
  for (const line of steps.slice(0, -1)) {
    assertMatch(
      line,
      /^step \d+\/20 {2}loss \d\.\d{3} nats {2}lr \S+ {2}grad \d\.\d\d {2}\S+ tok\/s {2}\d+s left$/,
    );
  }
  // The commands to try next, with the name of the run.
  const next = lines.slice(lines.indexOf("Try next:") + 1);
  for (const command of ["generate", "eval", "train --resume"]) {
    assert(
      next.some((l) => l.includes(`blocksmith ${command} ${work.at("run")}`)),
    );
  }
});

/** Runs a line of shell. */
async function shell(line: string) {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", line],
    env: { NO_COLOR: "1" },
  }).output();
  const [out, err] = [stdout, stderr].map((b) => new TextDecoder().decode(b));
  return { code, out, err };
}

Deno.test("train ends with the same bits where none of its messages can be written", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("straight")]);
  const whole = hashes(work.at("straight"), "step-000020");
  for (
    const [run, how] of [
      ["full", ">/dev/full 2>&1"],
      ["closed", "<&- >&- 2>&-"],
      ["pipe", "2>&1 | head -n 1; exit ${PIPESTATUS[0]}"],
    ]
  ) {
    const { code } = await shell(
      `${shellWords(["train", ...work.tiny(run)])} ${how}`,
    );
    assertEquals(code, 0, how);
    assertEquals(hashes(work.at(run), "step-000020"), whole, how);
    assertEquals(metrics(work.at(run)).at(-1)!.step, 20, how);
  }
  const generate = shellWords(["generate", work.at("straight")]);
  for (
    const [how, code, said] of [
      [
        "> /dev/full",
        1,
        /^blocksmith: Cannot write to standard output as its disk is full: free some space\n$/,
      ],
      ["| true; exit ${PIPESTATUS[0]}", 0, /^$/],
      [">/dev/full 2>&1", 1, /^$/],
    ] as const
  ) {
    const ended = await shell(`${generate} ${how}`);
    assertEquals(ended.code, code, how);
    assertMatch(ended.err, said, how);
  }
});

Deno.test({
  name: "plan --json is whole on a pipe that does not wait for its reader",
  ignore: !(await shell("python3 --version")).out,
  async fn() {
    const plan = shellWords(["plan", "model.n_layer=12", "--json"]);
    const noWait =
      "import fcntl,os; fcntl.fcntl(1, fcntl.F_SETFL, os.O_WRONLY | os.O_NONBLOCK)";
    const whole = await shell(plan);
    const { out } = await shell(
      `{ python3 -c '${noWait}'; ${plan}; } | { sleep 1; cat; }`,
    );
    assert(whole.out.length > 2 ** 18);
    assertEquals(out === whole.out, true);
  },
});

Deno.test("parity answers by its exit code where nobody reads it", async () => {
  const fixture = fileURLToPath(
    new URL("../golden/nf_gpt", import.meta.url),
  );
  const parity = shellWords(["parity", fixture]);
  const { code, err } = await shell(`${parity} | true; exit \${PIPESTATUS[0]}`);
  assertEquals([code, err], [0, ""]);
});

Deno.test({
  name: "train saves when its terminal is gone",
  // Needs `script` of util-linux.
  ignore: !hasScript,
  async fn() {
    using work = workshop();
    const words = work.tiny("run", "train.max_steps=100000");
    await using terminal = terminalCommand(
      `exec ${shellWords(["train", ...words])}`,
    ).spawn();
    let shown = "";
    for await (
      const text of terminal.stdout.pipeThrough(new TextDecoderStream())
    ) {
      shown += text;
      if (shown.includes("tok/s")) break;
    }
    terminal.kill("SIGKILL");
    await terminal.stderr.cancel();
    const end = Date.now() + 60_000;
    while (isThere(work.at("run", "lock")) && Date.now() < end) await delay(20);
    const last = metrics(work.at("run")).at(-1)!.step;
    assertEquals(
      checkpoints(work.at("run")).at(-1),
      `step-${String(last).padStart(6, "0")}`,
    );
  },
});
