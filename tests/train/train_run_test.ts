import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  checkpoints,
  hashes,
  metrics,
  start,
  succeeds,
  type Workshop,
  workshop,
} from "../helpers/cli.ts";

const LAST = "step-000020";

/** Waits until a checkpoint is there, or the process has ended. */
async function until(path: string, child: Deno.ChildProcess) {
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended) {
    try {
      Deno.statSync(path);
      return;
    } catch {
      await new Promise((done) => setTimeout(done, 1));
    }
  }
}

/**
 * Trains, and kills the process at a random moment after step 10 was saved.
 * On a busy machine the run may be over before the kill comes: then once more.
 */
async function killed(work: Workshop, run: string, ...more: string[]) {
  for (let attempt = 1;; attempt++) {
    await using child = start(["train", ...work.tiny(run, ...more)]);
    const silent = [child.stdout.cancel(), child.stderr.cancel()];
    await until(work.at(run, "checkpoints", "step-000005"), child);
    const begun = performance.now();
    await until(work.at(run, "checkpoints", "step-000010"), child);
    // What five steps took is also what the next five take.
    const span = performance.now() - begun;
    await new Promise((done) =>
      setTimeout(done, Math.random() * span / attempt)
    );
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    const { signal } = await child.status;
    await Promise.all(silent);
    if (signal === "SIGKILL") return;
    assert(attempt < 8, "the run ended before it could be killed, every time");
    Deno.removeSync(work.at(run), { recursive: true });
  }
}

/** The steps that were logged, in the order of the file. */
const logged = (run: string) =>
  metrics(run).filter((r) => r.loss !== undefined).map((r) => r.step);

const TO_20 = Array.from({ length: 20 }, (_, i) => i + 1);

for (const accumulation of [1, 2]) {
  const where = accumulation === 2 ? ", across the end of an epoch" : "";
  Deno.test(`trainRun() resumes after kill -9 to the same bits with ${accumulation} micro-batches${where}`, async () => {
    using work = workshop();
    const more = [`train.gradient_accumulation_steps=${accumulation}`];
    await succeeds(["train", ...work.tiny("straight", ...more)]);
    await killed(work, "killed", ...more);
    const { err } = await succeeds(["train", "--resume", work.at("killed")]);
    assert(/^resuming after step 1[05]$/m.test(err), err);
    assertEquals(
      hashes(work.at("killed"), LAST),
      hashes(work.at("straight"), LAST),
    );
    assertEquals(checkpoints(work.at("killed")), [
      "step-000010",
      "step-000015",
      LAST,
    ]);
    assertEquals(logged(work.at("killed")), TO_20);
    const losses = (run: string) =>
      metrics(work.at(run)).map((r) => [r.step, r.loss, r.eval_loss]);
    assertEquals(losses("killed"), losses("straight"));
    const state = JSON.parse(
      Deno.readTextFileSync(
        work.at("killed", "checkpoints", LAST, "state.json"),
      ),
    );
    assertEquals(state.sampler.epoch, accumulation - 1);
  });
}

Deno.test("trainRun() resumes from a named checkpoint, and without any", async () => {
  using work = workshop();
  const run = work.at("run");
  await succeeds(["train", ...work.tiny("run")]);
  const straight = hashes(run, LAST);

  const named = `${run}/checkpoints/step-000010`;
  const { err } = await succeeds(["train", "--resume", named]);
  assert(err.includes("\nresuming after step 10\n"), err);
  assertEquals(hashes(run, LAST), straight);
  assertEquals(logged(run), TO_20);

  // Killed before its first checkpoint.
  Deno.removeSync(`${run}/checkpoints`, { recursive: true });
  const again = await succeeds(["train", "--resume", run]);
  assert(again.err.includes("\nno checkpoint yet: "), again.err);
  assertEquals(hashes(run, LAST), straight);
  assertEquals(logged(run), TO_20);
});

Deno.test("trainRun() makes equal files for equal seeds, others for another seed", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("a")]);
  await succeeds(["train", ...work.tiny("b")]);
  await succeeds(["train", ...work.tiny("c", "seed=1")]);
  for (const step of ["step-000010", "step-000015", LAST]) {
    assertEquals(hashes(work.at("b"), step), hashes(work.at("a"), step));
  }
  const [a, c] = ["a", "c"].map((run) => hashes(work.at(run), LAST));
  for (const name of Object.keys(a)) assertNotEquals(c[name], a[name], name);
});

Deno.test("trainRun() leaves the last checkpoints, config, facts and metrics in its folder, and nothing else", async () => {
  using work = workshop();
  await succeeds([
    "train",
    ...work.tiny("run", "train.save_steps=3", "train.keep=2"),
  ]);
  assertEquals(checkpoints(work.at("run")), ["step-000018", LAST]);
  assertEquals(
    Array.from(Deno.readDirSync(work.at("run")), (e) => e.name).sort(),
    ["checkpoints", "config.yaml", "metrics.jsonl", "run.json"],
  );
  const info = JSON.parse(Deno.readTextFileSync(work.at("run", "run.json")));
  assertEquals(Object.keys(info).sort(), [
    "adapter",
    "data",
    "flops_per_step",
    "kernels",
    "memory",
    "parameters",
    "version",
  ]);
  const records = metrics(work.at("run"));
  const last = records.findLast((r) => r.loss !== undefined)!;
  assertEquals(Object.keys(last), [
    "step",
    "tokens",
    "loss",
    "lr",
    "grad_norm",
    "tokens_per_second",
    "elapsed",
    "data_wait_ms",
  ]);
  assertEquals(last.tokens, 20 * 4 * 16);
  assertEquals(
    records.filter((r) => r.eval_loss !== undefined).map((r) => r.step),
    [10, 20],
  );
});

Deno.test("trainRun() learns: 60 steps on the project's own text take the loss down by more than 1 nat", async () => {
  using work = workshop();
  await succeeds([
    "train",
    "experiment=demo",
    `run=${work.at("run")}`,
    `data.cache=${work.at("cache")}`,
    ..."model.n_embd=32 model.n_layer=1 model.n_head=2 model.context_length=16"
      .split(" "),
    ..."train.max_steps=60 train.log_steps=1 train.max_eval_batches=8"
      .split(" "),
    ..."train.eval_steps=60 train.learning_rate=1e-2".split(" "),
  ]);
  const records = metrics(work.at("run"));
  const [first] = records, last = records.findLast((r) => r.loss)!;
  // ln 256 where nothing is known.
  assert(Math.abs(first.loss - 5.55) < 0.2, `${first.loss}`);
  assert(last.loss < first.loss - 1, `${first.loss} to ${last.loss}`);
  const held = records.at(-1)!.eval_loss;
  assert(held < first.loss - 1, `${first.loss} to ${held}, held out`);
});
