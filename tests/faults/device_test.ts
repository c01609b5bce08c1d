import { assert, assertEquals } from "@std/assert";
import {
  blocksmith,
  fails,
  isThere,
  succeeds,
  workshop,
} from "../helpers/cli.ts";

/** An environment in which no adapter is found, whatever the machine has. */
const NO_ADAPTER = {
  VK_DRIVER_FILES: "/dev/null",
  VK_ICD_FILENAMES: "/dev/null",
  DENO_WEBGPU_BACKEND: "vulkan",
};

// Elsewhere than on Linux adapters come with the system.
const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "commands that need a device say that there is no adapter",
  ignore,
  async fn() {
    using work = workshop();
    await succeeds(["train", ...work.tiny("run", "train.max_steps=5")]);
    const message =
      /^blocksmith: No WebGPU adapter found: install a Vulkan driver/;
    const options = { env: NO_ADAPTER };
    await fails(["devices"], message, options);
    await fails(["train", ...work.tiny("other")], message, options);
    assert(!isThere(work.at("other")));
    await fails(["eval", work.at("run")], message, options);
    await fails(["generate", work.at("run")], message, options);
    await fails(["plan", "--device"], message, options);
  },
});

Deno.test("train refuses a model larger than the device in one line, before any memory is taken", async () => {
  using work = workshop();
  const tooLarge = async (message: RegExp, ...words: string[]) => {
    const begun = performance.now();
    await fails(["train", ...work.tiny("run", ...words)], message);
    // Planning takes a second at most; allocating would take far longer.
    const seconds = (performance.now() - begun) / 1000;
    assert(seconds < 20, `${seconds} s`);
    assert(!isThere(work.at("run")));
  };
  // More than any device has: 16 bytes for each of 40 G parameters.
  await tooLarge(
    /Cannot start the run as it needs \d+\.\d GB of memory: this machine has .* free; it would need .* GB with .*train\.recompute=block train\.device_train_batch_size=1 .*, which is too much too: take a smaller model$|The device ran out of memory/,
    "model.n_layer=200",
    "model.n_embd=4096",
    "model.n_head=32",
  );
  const remedy = "lower the batch size or the model's width$";
  await tooLarge(
    new RegExp(
      `Cannot place '.*weight' \\(\\[\\d+,\\d+\\], \\d+ bytes\\): this adapter's buffers hold at most \\d+ bytes; ${remedy}`,
    ),
    "model.n_embd=65536",
  );
  await tooLarge(
    new RegExp(
      `Cannot place '.*' \\(\\[\\d+(,\\d+)?\\], \\d+ bytes\\): this adapter's buffers hold at most \\d+ bytes; ${remedy}`,
    ),
    "train.device_train_batch_size=10000000",
  );
  await tooLarge(
    /Cannot place the 4000000000 micro-batches of a step \(\d+ bytes\): this adapter's buffers hold at most \d+ bytes; lower 'train\.gradient_accumulation_steps' or the batch size$/,
    "train.gradient_accumulation_steps=4000000000",
  );
  await tooLarge(
    /Cannot build the model as 'model\.n_layer' must be at most 1024: got 1000000000/,
    "model.n_layer=1000000000",
  );
});

Deno.test("--debug shows where an error was thrown, and nothing else does", async () => {
  const words = ["plan", "model.n_head=7"];
  const line = await fails(words, /must be a multiple of 'model\.n_head'/);
  const { code, err } = await blocksmith([...words, "--debug"]);
  const [first, ...stack] = err.trimEnd().split("\n");
  assertEquals(code, 1);
  assertEquals(first, line);
  assert(stack.some((l) => /^ +at .*rules\.ts:\d+/.test(l)), err);
});
