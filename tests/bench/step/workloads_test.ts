import { assert, assertEquals } from "@std/assert";
import { productsOf } from "../../../src/bench/kernels/matmul.ts";
import { modelFlops } from "../../../src/bench/step/step.ts";
import {
  batchesOf,
  buildWorkload,
  sizeOverrides,
  WORKLOADS,
} from "../../../src/bench/step/workloads.ts";

/** A GPU's limits; nothing here runs on one. */
const LIMITS = {
  software: false,
  subgroupSize: 32,
  int64: false,
  maxBindingBytes: 2 ** 31 - 256,
  maxBufferBytes: 2 ** 31 - 256,
  offsetAlignment: 256,
};

Deno.test("buildWorkload() builds every workload, with batches below the vocabulary", () => {
  for (const workload of WORKLOADS) {
    const { plans } = buildWorkload(workload, LIMITS);
    const batches = batchesOf(plans), { model, options } = plans;
    assertEquals(batches.length, options.accumulation);
    for (const { tokens, targets, counted } of batches) {
      assertEquals(tokens.length, options.batchSize * model.sequenceLength);
      assert(tokens.every((t) => t < model.vocabSize), workload.name);
      assert(new Set(tokens).size > 10, "more than a few tokens");
      assertEquals(targets[0], tokens[1]);
      assertEquals(counted, options.batchSize * (model.sequenceLength - 1));
    }
  }
});

Deno.test("modelFlops() is 6 FLOPs per weight and token, and causal attention", () => {
  const { plans } = buildWorkload(WORKLOADS[0], LIMITS);
  const D = 128, T = 64, B = 8, layers = 2, vocabulary = 512;
  // Queries and keys, values, projection, MLP.
  const block = 2 * D * D + D * D + D * D + 8 * D * D;
  const products = 6 * B * T * (layers * block + vocabulary * D);
  // Scores and weighted values, of the pairs on and below the diagonal.
  const attention = 3 * layers * 4 * D * B * T * (T + 1) / 2;
  assertEquals(modelFlops(plans), products + attention);
});

Deno.test("modelFlops() counts every micro-batch", () => {
  const build = (accumulation: number) =>
    modelFlops(
      buildWorkload({
        name: "test",
        note: "",
        overrides: sizeOverrides({
          layers: 1,
          width: 32,
          heads: 2,
          sequenceLength: 16,
          batchSize: 2,
          accumulation,
          vocabSize: 64,
        }),
      }, LIMITS).plans,
    );
  assertEquals(build(3), 3 * build(1));
});

Deno.test("productsOf() gives each layout and shape once", () => {
  const { micro } = buildWorkload(WORKLOADS[0], LIMITS).plans;
  const products = productsOf([micro, micro]);
  const keys = products.map((p) => Object.values(p).join(" "));
  assertEquals(new Set(keys).size, keys.length);
  for (
    const product of [
      "NT 512 384 128",
      "NT 512 512 128",
      "TN 128 512 512",
      // The weight's gradient that sums the bias' too.
      "TN 384 128 512",
    ]
  ) {
    assert(keys.includes(product), product);
  }
});
