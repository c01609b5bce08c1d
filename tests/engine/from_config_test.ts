import { assertEquals, assertThrows } from "@std/assert";
import { modelOf, stepPlansOf } from "../../src/engine/from_config.ts";
import { trainSettings } from "../../src/engine/train_settings.ts";
import { UserError } from "../../src/errors.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { configOf } from "../helpers/config.ts";

const LIMITS: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: true,
  f16: true,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

function plans(limits: AdapterLimits, ...overrides: string[]) {
  const config = configOf(
    "model.n_embd=32",
    "model.n_head=2",
    "model.n_layer=1",
    "model.context_length=16",
    ...overrides,
  );
  const settings = trainSettings(config, 100);
  return stepPlansOf(config, modelOf(config, 64), settings, limits);
}

Deno.test("stepPlansOf() scales the loss in fp16 alone, by the optimizer's family", () => {
  const scaling = (...overrides: string[]) =>
    plans(LIMITS, ...overrides).options.lossScaling;
  assertEquals(scaling("train.fp16_init_scale=4"), undefined);
  const half = ["train.precision=fp16", "train.gradient_accumulation_steps=2"];
  assertEquals(scaling(...half)?.window, 2000);
  assertEquals(scaling(...half, "train.optim=adam_fairseq")?.window, 2 ** 13);
  assertEquals(scaling(...half, "train.fp16_init_scale=4")?.initial, 4);
});

Deno.test("stepPlansOf() refuses fp16 where the adapter lacks it, and says what to set", () => {
  const { f16: _, ...without } = LIMITS;
  plans(without);
  assertThrows(
    () => plans(without, "train.precision=fp16"),
    UserError,
    "set train.precision=fp32",
  );
});

Deno.test("stepPlansOf() says what is too large to be cut to bindings", () => {
  const small = { ...LIMITS, maxBindingBytes: 4096 };
  assertThrows(
    () => plans(small),
    UserError,
    "Cannot cut 'embedding' ([512,32]) to stretches of 4 of its 32 rows: this adapter binds at most 4096 bytes; lower the model's width or its vocabulary",
  );
});

Deno.test("stepPlansOf() says which kernel takes more tensors than the adapter binds", () => {
  assertThrows(
    () => plans({ ...LIMITS, storageBindings: 4 }),
    UserError,
    "as an adapter must bind 5 tensors at a time: this one binds at most 4",
  );
});
