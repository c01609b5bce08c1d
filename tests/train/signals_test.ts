import { assertEquals } from "@std/assert";
import type { StopSignal } from "../../src/train/signals.ts";
import { script } from "../helpers/files.ts";

/** A process that listens, and its lines on standard error one at a time. */
function listening(name: string, ...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script(name), ...args],
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

for (const signal of ["SIGINT", "SIGTERM"] as StopSignal[]) {
  const code = signal === "SIGINT" ? 130 : 143;

  Deno.test(`StopRequest lets the work end in order after ${signal}`, async () => {
    const { child, lines } = listening("stop.ts");
    assertEquals((await lines.next()).value, "ready");
    child.kill(signal);
    assertEquals((await lines.next()).value, `asked by ${signal}`);
    assertEquals((await lines.next()).value, `saved after ${signal}`);
    assertEquals((await lines.next()).done, true);
    assertEquals((await child.status).code, 0);
  });

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

for (const signal of ["SIGINT", "SIGTERM"] as StopSignal[]) {
  const code = signal === "SIGINT" ? 130 : 143;

  Deno.test(`exitOnSignal() tidies and ends the process at ${signal}, with ${code}`, async () => {
    const { child, lines } = listening("exit.ts");
    assertEquals((await lines.next()).value, "ready");
    child.kill(signal);
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
    child.kill(signal);
    assertEquals(await Array.fromAsync(lines), [
      `${signal}: stopped; run it again to continue from here`,
    ]);
    const status = await child.status;
    assertEquals([status.code, status.signal], [code, signal]);
  });
}
