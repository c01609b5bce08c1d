import { assertEquals } from "@std/assert";
import { assertRefuses, configOf } from "../../helpers/config.ts";

Deno.test("checkRules() refuses shapes that do not fit together", () => {
  assertRefuses(
    () => configOf("model.n_embd=770"),
    "Cannot split heads as 'model.n_embd' must be a multiple of 'model.n_head': got 770 and 12",
  );
  assertRefuses(
    () => configOf("model.context_length=2048"),
    "Cannot place tokens as 'model.context_length' must be at most 'model.n_positions': got 2048 and 1024",
  );
  assertRefuses(
    () => configOf("model.mlp_width_mult=0.3"),
    "Cannot size the MLP as 'model.mlp_width_mult' times 'model.n_embd' must be an integer: got 0.3 x 768 = 230.39999999999998",
  );
  assertEquals(configOf("model.mlp_width_mult=2.5").model.mlp_width_mult, 2.5);
});

Deno.test("checkRules() ties initial matrices only if there are two", () => {
  const tied = ["model=skipless", "model.tie_valproj_init=all_blocks"];
  assertEquals(configOf(...tied).model.tie_valproj_init, "all_blocks");
  assertRefuses(
    () => configOf(...tied, "model.proj_skip_gain=null"),
    "Cannot tie initial values and projections as 'model.proj_skip_gain' must be a number where 'model.tie_valproj_init' is 'all_blocks': got null",
  );
});

Deno.test("checkRules() refuses loss scales that no f32 holds", () => {
  assertRefuses(
    () => configOf("train.fp16_init_scale=1e39"),
    "Cannot scale the loss as 'train.fp16_init_scale' must be from 2^-126 to 2^126: got 1e+39",
  );
  assertRefuses(
    () => configOf("train.threshold_loss_scale=1e-40"),
    "Cannot scale the loss as 'train.threshold_loss_scale' must be from 2^-126 to 2^126: got 1e-40",
  );
  assertEquals(configOf("train.fp16_init_scale=4").train.fp16_init_scale, 4);
});

Deno.test("checkRules() refuses schedules that contradict themselves", () => {
  assertRefuses(
    () => configOf("train.learning_rate=1e-7"),
    "Cannot decay the learning rate as 'train.lr_end' must be below 'train.learning_rate': got 1e-7 and 1e-7",
  );
  assertRefuses(
    () => configOf("train.max_steps=5", "train.warmup_steps=6"),
    "Cannot warm up as 'train.warmup_steps' must be at most 'train.max_steps': got 6 and 5",
  );
  const equal = configOf("train.max_steps=5", "train.warmup_steps=5");
  assertEquals(equal.train.warmup_steps, 5);
});

Deno.test("checkRules() refuses files that would have no effect", () => {
  assertRefuses(
    () => configOf("data=files"),
    "Cannot read text as 'data.files' must name at least one path or glob, like 'data.files=[notes/**/*.md]': got []",
  );
  assertRefuses(
    () => configOf("data=source", "data.files=[a.txt]"),
    "Cannot read 'data.files' as 'data.name' must be 'files' for that, add data=files: got 'source', which reads blocksmith's own text",
  );
  assertRefuses(
    () => configOf("data=fairseq", "data.path=d", "data.valid_files=[a.txt]"),
    "Cannot read 'data.files' as 'data.name' must be 'files' for that, add data=files: got 'fairseq', which reads 'data.path'",
  );
  assertRefuses(
    () => configOf("data=files", "data.files=[a]", "data.path=d"),
    "Cannot read 'data.path' as 'data.name' must be 'fairseq' for that, add data=fairseq: got 'files'",
  );
});

Deno.test("checkRules() refuses lists that do not match the files", () => {
  const files = "data.files=[a.jsonl,b.jsonl]";
  for (
    const [key, value] of [
      ["weights", "[1]"],
      ["text_field", "[text]"],
      ["split", "[train,test,train]"],
    ]
  ) {
    assertRefuses(
      () => configOf(files, `data.${key}=${value}`),
      `Cannot read the data as 'data.${key}' must have one item for each of the 2 entries of 'data.files': got ${
        value.split(",").length
      }`,
    );
  }
  assertRefuses(
    () => configOf(files, "data.valid_split=[test]"),
    "Cannot read the data as 'data.valid_split' must have one item for each of the 0 entries of 'data.valid_files': got 1",
  );
  const { data } = configOf(
    files,
    "data.weights=[3,1]",
    "data.text_field=[text,content]",
  );
  assertEquals(data.weights, [3, 1]);
});
