import { assert } from "@std/assert";
import {
  buildWorkload,
  sizeOverrides,
} from "../../src/bench/step/workloads.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { BYTES } from "../../src/graph/tensor.ts";
import type { PlannedDispatch } from "../../src/plan/plan.ts";

/** A data-centre GPU. */
const GPU: AdapterLimits = {
  software: false,
  subgroupSize: 32,
  int64: true,
  computeUnits: 132,
  storageBindings: 32,
  maxBindingBytes: 2 ** 31 - 4,
  maxBufferBytes: 2 ** 32 - 2 ** 21,
  offsetAlignment: 32,
};

/**
 * Bytes that an operation other than a product moves; of a product, those of
 * its epilogue's second matrix and of its sums.
 */
function besideProducts(planned: PlannedDispatch): number {
  const { kernel, choice, bytes } = planned;
  if (!kernel.startsWith("matmul/")) return bytes;
  const extra = (choice?.variants[0].dispatches ?? [planned]).flatMap((d) =>
    [d.bindings.side, d.bindings.sums].map((bound) => bound?.size ?? 0)
  );
  return extra.reduce((a, b) => a + b, 0);
}

Deno.test("a step of 18 layers moves few bytes beside its products, in few dispatches", () => {
  const { plans: { micro, update, options } } = buildWorkload({
    name: "18 x 768",
    note: "",
    overrides: sizeOverrides({
      layers: 18,
      width: 768,
      heads: 12,
      sequenceLength: 128,
      batchSize: 32,
      accumulation: 4,
      vocabSize: 50_257,
    }),
  }, GPU);
  const moved = options.accumulation *
    micro.dispatches.reduce((n, d) => n + besideProducts(d), 0);
  assert(moved < 45e9, `${moved / 1e9} GB`);
  const dispatches = options.accumulation * micro.dispatches.length +
    update.dispatches.length;
  assert(dispatches <= 1500, `${dispatches} dispatches`);
  // Where the derivative comes from the result, nothing else is kept.
  const h = BYTES.f32 * 4096 * 3072;
  const largest = micro.slots.filter((size) => size >= h).length;
  assert(largest <= 18 + 3, `${largest} slots for hidden layers`);
});
