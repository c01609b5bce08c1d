import { assert, assertEquals, assertMatch } from "@std/assert";
import { fails, succeeds, workshop } from "../helpers/cli.ts";

/** No Vulkan driver: a plan needs none. */
const NO_DEVICE = {
  env: {
    VK_DRIVER_FILES: "/dev/null",
    VK_ICD_FILENAMES: "/dev/null",
    DENO_WEBGPU_BACKEND: "vulkan",
  },
};

Deno.test("plan prints parameters and memory of every model without a device", async () => {
  const models = ["default", "default-parallel", "op"];
  const plans = await Promise.all(
    models.map((model) =>
      succeeds(["plan", `model=${model}`, "data.tokenizer=gpt2"], NO_DEVICE)
    ),
  );
  for (const { out, err } of plans) {
    assertEquals(err, "");
    assertMatch(out, /^adapter +a GPU with 2 GiB bindings \(assumed\)$/m);
    // GPT-2 small: 124 million parameters.
    assertMatch(
      out,
      /^parameters +124\.\dM \(124\d{6}\), trainable 124\d{6}$/m,
    );
    assertMatch(out, /^tokens per step +16384 \(32 × 128 × 4\)$/m);
    assertMatch(out, /^FLOPs per step +1\.\d+e\+13 \(7\.\d+e\+8 per token\)$/m);
    assertMatch(out, /^dispatches per step +\d+$/m);
    assertMatch(out, /^memory +\d\.\d GB$/m);
    for (const part of ["weights", "gradients", "optimizer", "activations"]) {
      assertMatch(out, new RegExp(`^  ${part} +\\d+(\\.\\d+)? [MG]B$`, "m"));
    }
  }
});

Deno.test("plan accepts experiments and fairseq's flags, and warns of cancelled options", async () => {
  const words = ["experiment=nf-2.7b-normformer", "--update-freq", "64"];
  const { out, err } = await succeeds(["plan", ...words], NO_DEVICE);
  assertEquals(err, "");
  assertMatch(out, /^parameters +2\.6G \(26\d{8}\), trainable 26\d{8}$/m);
  assertMatch(out, /^tokens per step +524288 \(4 × 2048 × 64\)$/m);
  assertMatch(out, /^padding_idx +1, so positions start at 2$/m);
  assertMatch(out, /^FLOPs per step +\d\.\d+e\+1[56] /m);
  assertMatch(out, /^memory +\d+\.\d GB$/m);
  const odd = await succeeds([
    ...["plan", "--scale-attn", "--scale-heads", "--n-head", "1"],
    "--qk-norm-type=rmsnorm",
  ], NO_DEVICE);
  assertMatch(
    odd.err,
    /^warning: 'model\.scale_heads' \(true\) is cancelled by 'model\.scale_attn' \(true\): .*\n$/,
  );
});

Deno.test("plan --json prints the whole plan, and its sums are right", async () => {
  const { out } = await succeeds(["plan", "--json"], NO_DEVICE);
  const plan = JSON.parse(out);
  const { total, ...parts } = plan.memory;
  assertEquals(
    total,
    Object.values(parts as Record<string, number>).reduce((a, b) => a + b),
  );
  assertEquals(parts.optimizer, 2 * parts.weights);
  assert(parts.weights >= 4 * plan.parameters.trainable);
  const [micro, update, evaluate] = plan.plans;
  assertEquals([micro, update, evaluate].map((p) => p.name), [
    "micro",
    "update",
    "evaluate",
  ]);
  assertEquals(
    plan.dispatches_per_step,
    micro.dispatches.length + update.dispatches.length,
  );
  assertEquals(plan.flops_per_step, micro.flops + update.flops);
  // 6 FLOPs per weight and token, and attention; embeddings are lookups.
  const { flops_per_step, tokens_per_step, parameters: { trainable } } = plan;
  const each = flops_per_step / tokens_per_step / trainable;
  assert(each > 5 && each < 8, `${each}`);
});

Deno.test("plan says which model it is, and why", async () => {
  const cases: [words: string[], model: RegExp][] = [
    [
      [],
      /the demo, 2 layers of width 128 \(nothing on the command line chooses a model, /,
    ],
    [["data.cache=/x", "--workers", "2"], /the demo, 2 layers of width 128 /],
    [["model=op"], /op, 12 layers of width 768 \(chosen by 'model=op'\)$/m],
    [
      ["--n-layer", "3"],
      /default, 3 layers of width 768 \(chosen by 'model\.n_layer=3'; this is no longer the demo: add experiment=demo /,
    ],
  ];
  for (const [words, model] of cases) {
    const { out, err } = await succeeds(["plan", ...words], NO_DEVICE);
    assertMatch(out.split("\n")[1], /^model +\S/);
    assertMatch(out.split("\n")[1], model);
    assertEquals(err, "");
  }
});

Deno.test("plan lists every dispatch and every buffer", async () => {
  const plan = JSON.parse((await succeeds(["plan", "--json"])).out);
  const { out } = await succeeds(["plan", "--dispatches", "--buffers"]);
  for (const { name, dispatches, slots } of plan.plans) {
    assertMatch(
      out,
      new RegExp(`^${name}: ${dispatches.length} dispatches$`, "m"),
    );
    for (const { label } of dispatches) assert(out.includes(label), label);
    slots.forEach((_: number, i: number) =>
      assertMatch(out, new RegExp(`^  ${name} slot ${i} +\\d`, "m"))
    );
  }
});

Deno.test("plan says what recomputation costs and saves, and what else would", async () => {
  const words = ["plan", "model.n_layer=8", "--memory"];
  const { out } = await succeeds([...words, "train.recompute=block"]);
  assertMatch(
    out,
    /^recomputation +block: \d\.\d+e\+\d+ of the FLOPs \(\+\d+\.\d %\), activations .* MB instead of \d\.\d GB$/m,
  );
  const rows = ["fp32", "fp16"].flatMap((precision) =>
    ["none", "attention", "block"].flatMap((recompute) =>
      ["32 × 4", "16 × 8"].map((batch) =>
        `${precision} +${recompute} +${batch}`
      )
    )
  );
  for (const row of rows) {
    assertMatch(
      out,
      new RegExp(`^ +${row} +\\d.* [MG]B +\\d.* GB +\\+\\d+\\.\\d %$`, "m"),
    );
  }
  const { memory_variants } = JSON.parse(
    (await succeeds([...words, "--json"])).out,
  );
  assertEquals(memory_variants.length, rows.length);
  assertEquals(memory_variants[2].overrides, "train.recompute=block");
});

Deno.test("plan --device estimates the memory that the run records and takes", async () => {
  using work = workshop();
  const words = work.tiny("run", "train.max_steps=1");
  const { out } = await succeeds(["plan", "--device", "--json", ...words]);
  const plan = JSON.parse(out);
  await succeeds(["train", ...words]);
  const info = JSON.parse(Deno.readTextFileSync(work.at("run", "run.json")));
  assertEquals(plan.memory, info.memory);
  assertEquals(plan.parameters, info.parameters);
  assertEquals(plan.flops_per_step, info.flops_per_step);
});

Deno.test("plan --device names a device that is not there, and estimates its step", async () => {
  const words = ["plan", "model=default", "data.tokenizer=gpt2", "--device"];
  const { out, err } = await succeeds([...words, "H100"], NO_DEVICE);
  assertEquals(err, "");
  assertMatch(out, /^adapter +h100 \(by its figures; no device is opened\)$/m);
  assertMatch(
    out,
    /^Estimated step on h100: \d+ ms, \d+ tokens\/s$/m,
  );
  assertMatch(out, /^matmul\/\w+ .* \d+(\.\d+)? %/m);
  assertMatch(out, /^Limit by arithmetic: \d+ ms, \d+ tokens\/s; limit by /m);
  assertMatch(out, /^An estimate from the device's figures, not a /m);
  assertMatch(out, /^ {2}of the device's +80\.0 GB$/m);
  const plans = await Promise.all(
    ["h100", "a5000"].map(async (name) =>
      JSON.parse((await succeeds([...words, name, "--json"], NO_DEVICE)).out)
    ),
  );
  const [h100, a5000] = plans.map((plan) => plan.estimate);
  assertEquals([h100.device, a5000.device], ["h100", "a5000"]);
  assert(h100.ms_per_step < a5000.ms_per_step);
  assert(h100.ms_per_step > h100.least_ms_by_arithmetic);
  const sum = h100.kernels.reduce(
    (total: number, k: { ms: number }) => total + k.ms,
    0,
  );
  assert(Math.abs(sum - h100.ms_per_step) < 1e-6);
  const tokens = h100.tokens_per_s * h100.ms_per_step / 1e3;
  assertEquals(Math.round(tokens), plans[0].tokens_per_step);
});

Deno.test("plan --device refuses an unknown name, and stands alone before a key", async () => {
  await fails(
    ["plan", "--device", "h1000"],
    /Cannot plan for '--device' as it must name one of h200, .*: got 'h1000'$/,
    NO_DEVICE,
  );
  const { out } = await succeeds(["plan", "--device", "model.n_layer=1"]);
  assertMatch(out, /^model +default, 1 layer of width /m);
  assertMatch(out, /^adapter +(?!a GPU with 2 GiB)\S/m);
});
