import { assert, assertEquals } from "@std/assert";
import { metrics, start, workshop } from "../helpers/cli.ts";

/**
 * Resident memory of a process in MB, as Linux tells it; 0 once it has ended.
 */
function resident(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)?.[1] ?? 0) / 1000;
  } catch {
    return 0;
  }
}

Deno.test({
  name:
    "trainRun() keeps its memory: 2,000 steps, 20 evaluations and 20 checkpoints take less than 60 MB more",
  // Asks Linux.
  ignore: Deno.build.os !== "linux",
  async fn() {
    using work = workshop();
    await using child = start([
      "train",
      ...work.tiny("run"),
      ..."train.max_steps=2000 train.log_steps=10".split(" "),
      ..."train.eval_steps=100 train.save_steps=100".split(" "),
    ]);
    const quiet = [child.stdout.cancel()];
    const seen: { step: number; mb: number }[] = [];
    let rest = "";
    for await (
      const part of child.stderr.pipeThrough(new TextDecoderStream())
    ) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        const step = Number(line.match(/^step (\d+)\/2000 /)?.[1] ?? 0);
        const mb = resident(child.pid);
        if (step > 0 && mb > 0) seen.push({ step, mb });
      }
    }
    await Promise.all(quiet);
    assertEquals((await child.status).code, 0);
    assertEquals(metrics(work.at("run")).at(-1)!.step, 2000);
    // Before, the heap and the driver's caches grow to their size.
    const warm = seen.filter(({ step }) => step >= 300 && step <= 500);
    const late = seen.filter(({ step }) => step >= 1800);
    const highest = (list: typeof seen) => Math.max(...list.map((s) => s.mb));
    const told = seen.filter((_, i) => i % 20 === 0)
      .map(({ step, mb }) => `${step}: ${mb.toFixed(0)} MB`).join(", ");
    assert(warm.length > 0 && late.length > 0, told);
    assert(highest(late) - highest(warm) < 60, told);
  },
});
