import { assert, assertEquals } from "@std/assert";
import { assetPaths, assetText } from "../../src/assets/assets.ts";
import { ASSUMED } from "../../src/cli/plan.ts";
import { compose, sequenceLength } from "../../src/config/mod.ts";
import { modelOf, stepPlansOf } from "../../src/engine/from_config.ts";
import { trainSettings } from "../../src/engine/train_settings.ts";
import { parameterCount } from "../../src/model/model.ts";
import { fairseqConfigOf } from "../helpers/config.ts";

const EXPERIMENTS = assetPaths("configs/experiment")
  .map((path) => path.slice("configs/experiment/".length, -".yaml".length));

const PUBLISHED = EXPERIMENTS.filter((name) => !name.startsWith("demo"));

/**
 * Millions of parameters with GPT-2's vocabulary, by the beginning of the name.
 */
const SIZES: Record<string, number> = {
  "nf-125m": 124,
  "nf-355m": 354,
  "nf-1.3b": 1312,
  "nf-2.7b": 2647,
};

Deno.test("there is an experiment for every published command", () => {
  const count = (start: string) =>
    PUBLISHED.filter((name) => name.startsWith(start)).length;
  assertEquals(Object.keys(SIZES).map(count), [4, 4, 3, 3]);
  assertEquals(PUBLISHED.length, 14 + 11);
});

for (const name of EXPERIMENTS) {
  Deno.test(`experiment=${name} can be planned`, () => {
    const start = performance.now();
    const { config } = compose({ overrides: [`experiment=${name}`] });
    const vocabulary = config.data.vocab_size ?? 256;
    const model = modelOf(config, vocabulary);
    const settings = trainSettings(config, 1000);
    const { memory, micro, update } = stepPlansOf(
      config,
      model,
      settings,
      ASSUMED,
    );
    const { total } = parameterCount(model);
    const size = SIZES[name.split("-").slice(0, 2).join("-")];
    if (size) assert(Math.abs(total / 1e6 / size - 1) < 0.01, `${total}`);
    assertEquals(model.sequenceLength, sequenceLength(config.model));
    assert(memory.total > 16 * total * 0.99, `${memory.total}`);
    // A training step has at least 6 FLOPs per weight and token, plus attention
    // and logits.
    const tokens = config.train.device_train_batch_size * model.sequenceLength;
    assert(micro.flops > 5 * total * tokens * 0.7, `${micro.flops}`);
    assert(update.flops > 0);
    const seconds = (performance.now() - start) / 1000;
    assert(seconds < 20, `${seconds} s`);
  });
}

Deno.test("every experiment's first comment has the published command and its result", () => {
  for (const name of PUBLISHED) {
    const header =
      assetText(`configs/experiment/${name}.yaml`).split(/^defaults:/m)[0];
    assert(/^# {3}(train_[\d.]+[MB] --lr|run_clm\.py )/m.test(header), name);
    assert(/^# Reported: ./m.test(header), name);
  }
});

Deno.test("NormFormer's experiments train as fairseq's commands do", () => {
  const best = fairseqConfigOf("experiment=nf-125m-normformer-resids");
  const { model, train, seed } = best;
  assertEquals(
    [model.scale_attn, model.scale_heads, model.scale_fc, model.scale_resids],
    [true, true, true, true],
  );
  assertEquals([model.dropout, model.attention_dropout], [0.1, 0.1]);
  assertEquals(seed, 1);
  const settings = trainSettings(best, 1);
  // Half a million tokens per update.
  assertEquals(settings.tokensPerStep, 1024 * 1024 / 2);
  assertEquals(settings.schedule, {
    learningRate: 3e-3,
    end: 0,
    warmup: 750,
    total: 572_204,
    power: 1,
  });
  assertEquals(settings.adam, {
    kind: "adam_fairseq",
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    weightDecay: 0.01,
  });
  assertEquals(train.max_grad_norm, 0);
  const medium = fairseqConfigOf("experiment=nf-355m-normformer");
  assertEquals([medium.model.dropout, medium.train.learning_rate], [0, 1e-3]);
  const large = fairseqConfigOf("experiment=nf-2.7b-normformer");
  assertEquals(trainSettings(large, 1).tokensPerStep, 1024 * 1024);
  assertEquals(large.model.activation_fn, "relu_squared");
  assertEquals([large.train.learning_rate, large.train.max_steps], [
    6e-4,
    286_102,
  ]);
});

Deno.test("published sizes: skipless saves 13 %, NormFormer's norms and head scales add 92,304", () => {
  const total = (...overrides: string[]) =>
    parameterCount(modelOf(compose({ overrides }).config, 50_000)).total;
  const preLn = total("experiment=preln-18l");
  const skipless = total("experiment=fig9");
  assertEquals(Math.round(preLn / 1e6), 167);
  // 146M, as in the paper: the first layer keeps its value weights.
  assertEquals(Math.round(skipless / 1e6), 146);
  const scales = ["attn", "heads", "fc"].map((name) =>
    `model.scale_${name}=true`
  );
  const resids = "model.scale_resids=true";
  for (
    const base of ["model=transformer_lm_gpt", "model=default", "model=op"]
  ) {
    // Per layer 2 x 768 and 2 x 3072 parameters of norms, and 12 head scales.
    assertEquals(total(base, ...scales) - total(base), 92_304, base);
    // And 768 scales of the skip.
    assertEquals(total(base, ...scales, resids) - total(base), 101_520, base);
  }
});
