import { assertEquals } from "@std/assert";
import { fromYaml, printConfig } from "../../../src/config/mod.ts";
import {
  assertRefuses,
  configOf,
  fairseqConfigOf,
} from "../../helpers/config.ts";

Deno.test("padding_idx is the dictionary's with data=fairseq, unless it is given", () => {
  const padding = (...overrides: string[]) =>
    fairseqConfigOf("model=transformer_lm_gpt", ...overrides).model.padding_idx;
  assertEquals(padding("data.path=bin"), 1);
  assertEquals(padding("data=fairseq", "data.path=bin"), 1);
  assertEquals(padding("data.path=bin", "model=normformer"), 1);
  assertEquals(padding("data.path=bin", "model.padding_idx=null"), null);
  assertEquals(padding("data.path=bin", "model.padding_idx=0"), 0);
  // Other tokenizers do not pad.
  assertEquals(padding(), null);
  assertEquals(padding("data.files=[a.txt]"), null);
});

Deno.test("a saved config computes with the padding_idx that it holds", () => {
  const config = fairseqConfigOf("model=normformer", "data.path=bin");
  const text = printConfig(config);
  assertEquals(fromYaml(text, "config.yaml"), config);
  // As runs before padding_idx followed the dictionary have it.
  const old = text.replace("padding_idx: 1", "padding_idx: null");
  const { model } = fromYaml(old, "config.yaml");
  assertEquals(model.name !== "gpt2" && model.padding_idx, null);
});

Deno.test("warmup_steps 0 takes warmup_ratio in the Trainer's schedule, and is no warm-up in fairseq's", () => {
  const warmup = (...overrides: string[]) =>
    configOf("train.warmup_steps=0", ...overrides).train.warmup_steps;
  assertEquals(warmup(), null);
  assertEquals(warmup("train.lr_scheduler_type=polynomial_decay"), 0);
  assertEquals(
    configOf("train=fairseq", "train.warmup_steps=0").train.warmup_steps,
    0,
  );
  assertEquals(configOf("train.warmup_steps=7").train.warmup_steps, 7);
  // A saved 0 is what its run has computed with.
  const old = printConfig(configOf()).replace(
    "warmup_steps: null",
    "warmup_steps: 0",
  );
  assertEquals(fromYaml(old, "config.yaml").train.warmup_steps, 0);
});

Deno.test("fp16: true is the Trainer's name of train.precision: fp16", () => {
  const precision = (...overrides: string[]) =>
    configOf(...overrides).train.precision;
  assertEquals(precision(), "fp32");
  assertEquals(precision("fp16=True"), "fp16");
  assertEquals(precision("+train.fp16=true"), "fp16");
  assertEquals(precision("train.precision=fp16", "fp16=False"), "fp32");
  assertEquals(precision("fp16=False", "train.precision=fp16"), "fp16");
  assertEquals(precision("bf16=false"), "fp32");
  assertRefuses(
    () => precision("fp16=yes"),
    "Cannot set 'fp16' as it must be true or false: got \"yes\" (on the command line)",
  );
  assertRefuses(
    () => precision("train.bf16=True"),
    "Cannot set 'train.bf16' as 'train.precision' must be fp32 or fp16: got bf16 (on the command line)",
  );
});
