import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { learningRate } from "../../src/optim/schedule.ts";
import {
  checkpoints,
  fails,
  hashes,
  metrics,
  succeeds,
  type Workshop,
  workshop,
} from "../helpers/cli.ts";

/** A few doublings below the scale at which gradients exceed 65504. */
const FIRST = 2 ** 18;

/** Doubles the scale soon, overflows soon after, and again and again. */
const SCALED =
  `train.precision=fp16 train.fp16_init_scale=${FIRST} train.fp16_scale_window=2 train.warmup_steps=3 train.save_steps=1 train.keep=99`
    .split(" ");

/** What a log line says of a step. */
const logged = (work: Workshop, run: string) =>
  metrics(work.at(run)).filter((r) => r.loss !== undefined).map((r) => ({
    step: r.step,
    tokens: r.tokens,
    loss: r.loss,
    lr: r.lr,
    grad_norm: r.grad_norm,
    scale: r.loss_scale,
    skipped: r.skipped_steps,
  }));

const stateOf = (work: Workshop, run: string, step: string) =>
  JSON.parse(
    Deno.readTextFileSync(work.at(run, "checkpoints", step, "state.json")),
  );

const folderOf = (step: number) => `step-${String(step).padStart(6, "0")}`;

for (const optim of ["adamw_hf", "adam_fairseq"]) {
  const counts = optim === "adamw_hf";
  Deno.test(`trainRun() scales the loss, and resumes to the same bits, with ${optim}`, async () => {
    using work = workshop();
    const words = [...SCALED, `train.optim=${optim}`];
    const { err } = await succeeds(["train", ...work.tiny("run", ...words)]);
    assert(/ {2}scale \S+ \(\d+ skipped\)/.test(err), err);
    const straight = logged(work, "run"), last = folderOf(20);
    const bits = hashes(work.at("run"), last);
    const state = stateOf(work, "run", last);
    const skipped = straight.at(-1)!.skipped;

    // Each step of the Trainer counts; of fairseq's, each update.
    assertEquals(
      straight.map((r) => r.step),
      [...Array(20).keys()].map((i) => i + 1),
    );
    assert(skipped > 1, `${skipped}`);
    const drawn = counts ? 20 : 20 + skipped;
    assertEquals([state.skipped, state.tokens], [skipped, drawn * 4 * 16]);
    assertEquals(straight.at(-1)!.tokens, state.tokens);
    // The rate is that of the last update.
    for (const { step, lr, skipped } of straight) {
      const updates = counts ? step - skipped : step;
      assertAlmostEquals(
        lr,
        learningRate(state.schedule, Math.max(0, updates - 1)),
        1e-15,
      );
    }
    // Two clean steps double the scale, and the next one overflows.
    const before = straight.findLastIndex((r, i) =>
      r.skipped < straight[i + 1]?.skipped &&
      straight[i - 1].skipped === r.skipped
    );
    const [{ scale, step }, next] = straight.slice(before);
    const { loss_scaling } = stateOf(work, "run", folderOf(step));
    assertEquals(loss_scaling.scale, 2 * scale);
    assertEquals(next.scale, counts ? 2 * scale : scale);

    // From right before the scale grew, and from right before the overflow.
    for (const from of [step - 1, step]) {
      const checkpoint = work.at("run", "checkpoints", folderOf(from));
      const { err } = await succeeds(["train", "--resume", checkpoint]);
      assert(err.includes(`\nresuming after step ${from}\n`), err);
      assertEquals(logged(work, "run"), straight);
      assertEquals(hashes(work.at("run"), last), bits);
    }

    // A checkpoint of a run in fp32 has no state of a scale: the first one.
    const from = work.at("run", "checkpoints", folderOf(step));
    const file = `${from}/state.json`;
    const { loss_scaling: _, skipped: __, ...old } = JSON.parse(
      Deno.readTextFileSync(file),
    );
    Deno.writeTextFileSync(file, JSON.stringify(old));
    await succeeds(["train", "--resume", from]);
    const again = logged(work, "run").find((r) => r.step === step + 1)!;
    assertEquals([again.scale, again.skipped], [FIRST, 0]);
  });
}

Deno.test("trainRun() ends at the last batch of an epoch, whatever fairseq's rule skipped", async () => {
  using work = workshop();
  await succeeds([
    "train",
    ...work.tiny("run", ...SCALED, "train=fairseq", "train.max_steps=null"),
    "train.epoch_remainder=own_update",
  ]);
  const { step, tokens, skipped, sampler } = stateOf(
    work,
    "run",
    checkpoints(work.at("run")).at(-1)!,
  );
  assertEquals(sampler.position, 0);
  assertEquals(tokens, 108 * 16);
  assertEquals(step + skipped, 27);
  assertEquals(metrics(work.at("run")).at(-1)!.step, step);
});

Deno.test("train stops where no loss scale helps, and names the tensor", async () => {
  using work = workshop();
  await fails(
    [
      "train",
      ...work.tiny("run", ...SCALED, `train.min_loss_scale=${8 * FIRST}`),
      "train.optim=adam_fairseq",
    ],
    /Training stopped at step \d+: loss \d\.\d+, gradient norm (NaN|-?Infinity) at the loss scale \d+, half of which is not above train\.min_loss_scale \(2097152\); not finite first in '.*' \(.*\); the last good checkpoint is '.*step-0000\d\d': lower train\.learning_rate, clip gradients by train\.max_grad_norm, or enlarge the batch$/,
  );
});
