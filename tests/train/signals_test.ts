import { assertEquals } from "@std/assert";
import { EXIT_CODES, type StopSignal } from "../../src/train/signals.ts";
import { script } from "../helpers/files.ts";

/** A process that listens, and its lines on standard error one at a time. */
function listening(name: string, ...args: string[]) {
  return listeningAs("", name, ...args);
}

/** As `listening()`, after a line of shell. */
function listeningAs(before: string, name: string, ...args: string[]) {
  const run = [Deno.execPath(), "run", "-A", "--no-check", script(name)];
  const child = new Deno.Command("sh", {
    args: ["-c", `${before}\nexec "$@"`, "sh", ...run, ...args],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  return { child, lines: linesOf(child.stderr) };
}

async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let rest = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as StopSignal[]) {
  Deno.test(`StopRequest lets the work end in order after ${signal}`, async () => {
    const { child, lines } = listening("stop.ts");
    assertEquals((await lines.next()).value, "ready");
    child.kill(signal);
    assertEquals((await lines.next()).value, `asked by ${signal}`);
    assertEquals((await lines.next()).value, `saved after ${signal}`);
    assertEquals((await lines.next()).done, true);
    assertEquals((await child.status).code, 0);
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as StopSignal[]) {
  const code = signal === "SIGINT" ? 130 : 143;

  Deno.test(`StopRequest lets a second ${signal} end the process at once, with ${code}`, async () => {
    const { child, lines } = listening("stop.ts", "--deaf");
    assertEquals((await lines.next()).value, "ready");
    // The first may be of the other kind: the last one counts.
    child.kill("SIGTERM");
    assertEquals((await lines.next()).value, "asked by SIGTERM");
    child.kill(signal);
    assertEquals((await lines.next()).done, true);
    const status = await child.status;
    assertEquals([status.code, status.signal], [code, signal]);
  });
}

Deno.test("StopRequest takes further SIGHUPs, and a SIGTERM with them, for the same request", async () => {
  const { child, lines } = listening("stop.ts", "--deaf");
  assertEquals((await lines.next()).value, "ready");
  child.kill("SIGHUP");
  assertEquals((await lines.next()).value, "asked by SIGHUP");
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  assertEquals((await lines.next()).value, "asked by SIGTERM");
  child.kill("SIGHUP");
  child.kill("SIGTERM");
  assertEquals((await lines.next()).done, true);
  assertEquals((await child.status).signal, "SIGTERM");
});

Deno.test("StopRequest answers to its first signal when others follow", async () => {
  const { child, lines } = listening("stop.ts");
  assertEquals((await lines.next()).value, "ready");
  child.kill("SIGHUP");
  child.kill("SIGHUP");
  assertEquals((await lines.next()).value, "asked by SIGHUP");
  assertEquals((await lines.next()).value, "saved after SIGHUP");
  assertEquals((await lines.next()).done, true);
});

Deno.test({
  name: "StopRequest leaves SIGHUP ignored where it was, as under nohup",
  // Only Linux tells what is ignored.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const { child, lines } = listeningAs("trap '' HUP INT", "stop.ts");
    assertEquals((await lines.next()).value, "ready");
    child.kill("SIGHUP");
    // As for a job that a script has put into the background.
    child.kill("SIGINT");
    assertEquals((await lines.next()).value, "asked by SIGINT");
    assertEquals((await lines.next()).value, "saved after SIGINT");
    assertEquals((await lines.next()).done, true);
  },
});

Deno.test("StopRequest gives the signals back when disposed", async () => {
  const { child, lines } = listening("stop.ts", "--linger");
  assertEquals((await lines.next()).value, "ready");
  child.kill("SIGINT");
  for (const line of ["asked by SIGINT", "saved after SIGINT", "lingering"]) {
    assertEquals((await lines.next()).value, line);
  }
  child.kill("SIGTERM");
  assertEquals((await lines.next()).done, true);
  assertEquals((await child.status).signal, "SIGTERM");
});

for (const [signal, code] of Object.entries(EXIT_CODES)) {
  Deno.test(`exitOnSignal() tidies and ends the process at ${signal}, with ${code}`, async () => {
    const { child, lines } = listening("exit.ts");
    assertEquals((await lines.next()).value, "ready");
    child.kill(signal as StopSignal);
    assertEquals(await Array.fromAsync(lines), [
      `${signal}: stopped; run it again to continue from here`,
      "tidied",
    ]);
    const status = await child.status;
    assertEquals([status.code, status.signal], [code, null]);
  });

  Deno.test(`exitOnSignal() ends a process at ${signal} whose thread is busy, with ${code}`, async () => {
    const { child, lines } = listening("exit.ts", "--deaf");
    assertEquals((await lines.next()).value, "ready");
    child.kill(signal as StopSignal);
    assertEquals(await Array.fromAsync(lines), [
      `${signal}: stopped; run it again to continue from here`,
    ]);
    const status = await child.status;
    assertEquals([status.code, status.signal], [code, signal as string]);
  });
}
