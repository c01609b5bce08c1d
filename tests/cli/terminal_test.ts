import { assert, assertEquals, assertMatch } from "@std/assert";
import { commandLine, succeeds, workshop } from "../helpers/cli.ts";

/** Runs a command on a new terminal, and returns what appears there. */
const onTerminal = (command: string) =>
  new Deno.Command("script", {
    args: ["-qec", `stty cols 120 2>/dev/null; ${command}`, "/dev/null"],
    env: { TERM: "xterm" },
    stdin: "null",
  }).output();

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
    const command = commandLine(["train", ...words]).map((w) => `'${w}'`);
    const { stdout, success } = await onTerminal(command.join(" "));
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
