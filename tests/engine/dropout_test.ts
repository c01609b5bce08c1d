import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { hashes, succeeds, workshop } from "../helpers/cli.ts";
import { deviceTest } from "../helpers/device.ts";
import {
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
  toBatch,
} from "../helpers/engine.ts";

const RATES = { embd_pdrop: 0.1, attn_pdrop: 0.1, resid_pdrop: 0.1 };

deviceTest(
  "TrainEngine.step() repeats to the bit with dropout, and depends on seed and step",
  async () => {
    const run = async (seed: number, first: number) => {
      const engine = await openEngine({ accumulation: 2, seed }, RATES);
      try {
        for (let i = 0; i < 3; i++) {
          await engine.step(
            split(sequences(4, i), 2),
            stepOptions(first + i, i),
          );
        }
        const weights = await all(engine, "weights");
        return {
          weights,
          losses: (await engine.history(3)).map((r) => r.loss),
        };
      } finally {
        engine.close();
      }
    };
    const [a, b, otherSeed, otherStep] = [
      await run(1, 1),
      await run(1, 1),
      await run(2, 1),
      await run(1, 2),
    ];
    assertEquals(b, a);
    assertNotEquals(otherSeed.losses[0], a.losses[0]);
    assertNotEquals(otherStep.losses[0], a.losses[0]);
  },
);

deviceTest(
  "TrainEngine.gradient() uses another dropout mask in each micro-batch",
  async () => {
    const engine = await openEngine({ accumulation: 2 }, RATES);
    try {
      const batch = toBatch(sequences(2, 3));
      const mean = async (count: number, step: number) => {
        await engine.gradient(Array(count).fill(batch), step);
        return await engine.loss();
      };
      const [one, two] = [await mean(1, 1), await mean(2, 1)];
      assertEquals(await mean(1, 1), one);
      assertEquals(await mean(2, 1), two);
      // Equal sequences under equal masks would have the loss of one of them.
      assert(Math.abs(one - two) > 1e-4, `${one} and ${two}`);
    } finally {
      engine.close();
    }
  },
);

deviceTest(
  "TrainEngine.upload() sets the dropout mask of a step and micro-batch",
  async () => {
    const engine = await openEngine({ accumulation: 2 }, RATES);
    try {
      const batches = split(sequences(4, 3), 2), step = 4;
      await engine.gradient(batches, step);
      const mean = await engine.loss();
      let sum = 0;
      for (const [micro, batch] of batches.entries()) {
        engine.clearLoss();
        engine.upload(batch, step, micro);
        engine.executor.run(engine.loaded.micro);
        sum += await engine.loss();
      }
      assert(Math.abs(sum / 2 - mean) < 1e-6 * mean, `${sum / 2} and ${mean}`);
    } finally {
      engine.close();
    }
  },
);

/** Keys of a small model with dropout, by family. */
const FAMILIES: Record<string, string[]> = {
  gpt2: Object.entries(RATES).map(([key, rate]) => `model.${key}=${rate}`),
  transformer_lm_gpt: `model=normformer train=fairseq model.tokens_per_sample=16
    model.decoder_layers=1 model.decoder_embed_dim=32
    model.decoder_ffn_embed_dim=64 model.decoder_attention_heads=2
    model.dropout=0.1 model.attention_dropout=0.1
    model.activation_dropout=0.1 train.warmup_steps=2`.split(/\s+/),
};

for (const [family, keys] of Object.entries(FAMILIES)) {
  Deno.test(`trainRun() resumes to the same bits with dropout in ${family}`, async () => {
    using work = workshop();
    const run = work.at("run"), last = "step-000020";
    const model = /^model\.(n_|context)/;
    const words = work.tiny("run", "train.gradient_accumulation_steps=2")
      .filter((word) => family === "gpt2" || !model.test(word));
    await succeeds(["train", ...words, ...keys]);
    const straight = hashes(run, last);
    await succeeds(["train", "--resume", `${run}/checkpoints/step-000010`]);
    assertEquals(hashes(run, last), straight);
  });
}

Deno.test("trainRun() has the same bits with recomputation, resumed too", async () => {
  using work = workshop();
  const last = "step-000020";
  const words = (run: string, ...more: string[]) =>
    work.tiny(run, "train.gradient_accumulation_steps=2", ...FAMILIES.gpt2)
      .concat(more);
  await succeeds(["train", ...words("kept")]);
  const wanted = hashes(work.at("kept"), last);
  await succeeds(["train", ...words("block", "train.recompute=block")]);
  assertEquals(hashes(work.at("block"), last), wanted);
  const half = `${work.at("block")}/checkpoints/step-000010`;
  await succeeds(["train", "--resume", half]);
  assertEquals(hashes(work.at("block"), last), wanted);
});
