import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  checkpoints,
  fails,
  hashes,
  isThere,
  metrics,
  succeeds,
  workshop,
} from "../helpers/cli.ts";
import { copy, edit, modelOf } from "./_tensors.ts";

Deno.test("train stops where an update breaks the weights, and saves none of it", async () => {
  using work = workshop();
  // Step 1 warms up at rate 0; step 2 is the first whose update is too large.
  const line = await fails(
    [
      "train",
      ...work.tiny("run", "train.learning_rate=1e30", "train.warmup_steps=4"),
      "train.save_steps=1",
    ],
    /Training stopped at step 2: its update left \d+ values of 'transformer\.wte\.weight' not finite; the last good checkpoint is '.*step-000001': lower train\.learning_rate, or lengthen the warm-up$/,
  );
  assert(line.length < 400, line);
  assertEquals(checkpoints(work.at("run")), ["step-000001"]);
  for (
    const [name, values] of modelOf(work.at("run", "checkpoints/step-000001"))
  ) assert(values.every(Number.isFinite), name);
  assertEquals(metrics(work.at("run")).at(-1)!.step, 2);

  // It is complete: with a lower rate the run resumes from it.
  const config = work.at("run", "config.yaml");
  const yaml = Deno.readTextFileSync(config);
  assertMatch(yaml, /^ {2}learning_rate: 1e\+30$/m);
  Deno.writeTextFileSync(
    config,
    yaml.replace(/learning_rate: .*/, "learning_rate: 0.002"),
  );
  const { err } = await succeeds(["train", "--resume", work.at("run")]);
  assert(err.includes("config.yaml was changed"), err);
  assert(err.includes("resuming after step 1\n"), err);
  assertEquals(metrics(work.at("run")).at(-1)!.step, 20);
});

Deno.test("train names the step after an update that broke the weights, where nothing was saved between", async () => {
  using work = workshop();
  await fails(
    [
      "train",
      ...work.tiny("run", "train.learning_rate=1e30", "train.warmup_steps=4"),
      "train.save_steps=10",
      "train.log_steps=10",
    ],
    /Training stopped at step 3: loss NaN, gradient norm NaN, not finite first in 'transformer\.wte\.weight' \(the weights themselves; \d+ values\); there is no checkpoint yet: lower/,
  );
  assert(!isThere(work.at("run", "checkpoints")));
});

Deno.test("train stops at the first evaluation that is not finite", async () => {
  using work = workshop();
  await fails(
    [
      "train",
      ...work.tiny("run", "train.learning_rate=1e30", "train.warmup_ratio=0"),
      "train.eval_steps=1",
    ],
    /Training stopped at step 1: validation loss NaN, not finite, as are 'transformer\.wte\.weight' \(the weights themselves; \d+ values\); there is no checkpoint yet/,
  );
});

Deno.test("train names the first tensor of a step that overflows, and keeps the checkpoint before", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run", "train.save_steps=10")]);
  const last = "step-000010";
  Deno.removeSync(work.at("run/checkpoints/step-000020"), { recursive: true });
  const before = hashes(work.at("run"), last);

  /** Resumes a copy whose weights are changed; all of them stay finite. */
  const resumed = async (
    name: string,
    change: (floats: (tensor: string) => Float32Array) => void,
    message: RegExp,
  ) => {
    copy(work.at("run"), work.at(name));
    const model = work.at(name, "checkpoints", last, "model.safetensors");
    edit(model, ({ floats }) => change(floats));
    const changed = hashes(work.at(name), last);
    await fails(["train", "--resume", work.at(name)], message);
    assertEquals(checkpoints(work.at(name)), [last]);
    assertEquals(hashes(work.at(name), last), changed);
    // No step after the checkpoint was good.
    assertEquals(metrics(work.at(name)).at(-1)!.step, 10);
  };

  // x² of the residual stream is the first to leave the range of a float.
  await resumed(
    "forward",
    (floats) => floats("transformer.wpe.weight").fill(1e30),
    /Training stopped at step 11: .*, not finite first in 'transformer\.h\.0\.ln_1 stats' \(norm: .*\); the last good checkpoint is '.*step-000010'/,
  );
  // Forward, the factors cancel; backward, the large one meets a large
  // gradient.
  await resumed(
    "backward",
    (floats) => {
      const scale = (name: string, by: number) => {
        const values = floats(`transformer.${name}`);
        values.forEach((x, i) => values[i] = x * by);
      };
      scale("h.0.mlp.c_fc.weight", 1e-33);
      scale("h.0.mlp.c_proj.weight", 1e33);
      scale("ln_f.weight", 1e10);
    },
    // The embedding's gradient, which the head has a finite part in, is NaN
    // too.
    /Training stopped at step 11: loss \d+, gradient norm NaN, not finite first in 'd transformer\.h\.0\.mlp\.\w+' \(/,
  );

  assertEquals(hashes(work.at("run"), last), before);
  await succeeds(["train", "--resume", work.at("run")]);
});

Deno.test("train, eval and generate refuse a checkpoint with values that are not finite", async () => {
  using work = workshop();
  await succeeds(["train", ...work.tiny("run", "train.max_steps=10")]);
  const run = work.at("run"), last = `${run}/checkpoints/step-000010`;
  const path = `${last}/model.safetensors`;
  edit(path, ({ floats }) => floats("transformer.wte.weight")[5] = NaN);
  const message =
    /Cannot use 'transformer\.wte\.weight' of '.*step-000010\/model\.safetensors' as its values must be finite: 1 of 8192 are not; the one before it is '.*step-000005'/;
  await fails(["train", "--resume", run], message);
  await fails(["eval", run], message);
  await fails(["generate", run], message);
  await succeeds(["train", "--resume", `${run}/checkpoints/step-000005`]);
});
