import { assertEquals } from "@std/assert";
import { TimingProgress } from "../../src/terminal/timing_progress.ts";

/** What is printed where there is no terminal, with a clock of seconds. */
async function printed(
  reports: [second: number, done: number, total: number][],
): Promise<string> {
  let text = "", second = 0;
  {
    await using progress = new TimingProgress({
      sink: {
        isTerminal: false,
        color: false,
        columns: () => 80,
        write: (part) => text += part,
      },
      now: () => 1000 * second,
    });
    for (const [at, done, total] of reports) {
      second = at;
      progress.at(done, total);
    }
  }
  return text;
}

Deno.test("TimingProgress prints a line every five seconds, and the end", async () => {
  const text = await printed([[0, 0, 9], [2, 1, 9], [6, 3, 9], [8, 9, 9]]);
  assertEquals(
    text.split("\n").map((line) => line.replace(/ +[\d:ms ]+left$/, "")),
    ["timing kernels 3/9", "timing kernels 9/9", ""],
  );
});

Deno.test("TimingProgress prints nothing where nothing is timed, or little", async () => {
  assertEquals(await printed([]), "");
  assertEquals(await printed([[0, 0, 9], [2, 9, 9]]), "");
});
