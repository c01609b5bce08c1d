import { assertEquals } from "@std/assert";
import {
  StepCount,
  tokensAfter,
  trainSettings,
} from "../../src/engine/train_settings.ts";
import { configOf, fairseqConfigOf } from "../helpers/config.ts";

const SIZES = [
  "train.device_train_batch_size=3",
  "train.gradient_accumulation_steps=2",
];

Deno.test("trainSettings() counts updates as the Trainer, or as fairseq, does", () => {
  const trainer = configOf(...SIZES, "train.num_train_epochs=2");
  const fairseq = fairseqConfigOf(
    ...SIZES,
    "model=transformer_lm_gpt",
    "train=fairseq",
    "train.num_train_epochs=2",
  );
  const steps = (sequences: number) => [
    trainSettings(trainer, sequences).totalSteps,
    trainSettings(fairseq, sequences).totalSteps,
  ];
  // 1, 2, 3, 4 micro-batches, two per update, two epochs.
  assertEquals([1, 4, 7, 12].map(steps), [[2, 2], [2, 2], [2, 4], [4, 4]]);
});

Deno.test("tokensAfter() counts an epoch's smaller last update for what it has", () => {
  const shape = ["model=transformer_lm_gpt", "model.tokens_per_sample=4"];
  const config = fairseqConfigOf(...SIZES, ...shape, "train=fairseq");
  const fairseq = trainSettings(config, 11);
  assertEquals(fairseq.epoch, { steps: 2, tokens: 44 });
  const after = [0, 1, 2, 3, 4].map((step) => tokensAfter(fairseq, step));
  assertEquals(after, [0, 24, 44, 68, 88]);
  const trainer = trainSettings(fairseqConfigOf(...SIZES, ...shape), 11);
  assertEquals([1, 2, 3].map((s) => tokensAfter(trainer, s)), [24, 48, 72]);
});

const total = { totalSteps: 10 };

Deno.test("StepCount counts every step of the Trainer's, skipped or not", () => {
  const rule = { ...total, countsSkipped: true, endsByUpdates: false };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  assertEquals([count.drawn, count.step, count.updates], [7, 7, 5]);
  count.drawn += 2;
  count.skipped++;
  assertEquals([count.step, count.updates, count.isOver], [9, 6, false]);
  count.drawn++;
  assertEquals(count.isOver, true);
});

Deno.test("StepCount counts fairseq's updates alone", () => {
  const rule = { ...total, countsSkipped: false, endsByUpdates: true };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  assertEquals([count.drawn, count.step, count.updates], [9, 7, 7]);
  count.drawn += 3;
  // As far as is known; then one of them turns out to be none.
  assertEquals([count.step, count.isOver], [10, true]);
  count.skipped++;
  assertEquals([count.step, count.isOver], [9, false]);
  assertEquals(count.numberOf(count.drawn - 1), 8);
});

Deno.test("StepCount ends fairseq's epochs by their batches", () => {
  const rule = { ...total, countsSkipped: false, endsByUpdates: false };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  count.drawn++;
  assertEquals([count.step, count.isOver], [8, true]);
});
