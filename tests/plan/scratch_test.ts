import { assertEquals } from "@std/assert";
import {
  type AdapterLimits,
  chosenLater,
  type Dispatch,
  read,
  write,
} from "../../src/graph/dispatch.ts";
import { Graph, type Operation, scratchTensor } from "../../src/graph/graph.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { firstVariants, makePlan } from "../../src/plan/plan.ts";

const LIMITS: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: false,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

const dispatch = (from: Tensor, to: Tensor): Dispatch => ({
  kernel: "copy",
  constants: {},
  params: {},
  bindings: { from: read(from), to: write(to) },
  workgroups: [1, 1, 1],
  flops: 1,
  bytes: 2,
});

/** Goes through scratch in two dispatches, or not in one. */
const through: Operation<{ twoFirst: boolean }> = {
  name: "through",
  lower({ inputs: [x], outputs: [y], attrs }) {
    const scratch = scratchTensor("scratch", [300]);
    const both = [dispatch(x, scratch), dispatch(scratch, y)];
    const one = { name: "one", dispatches: [dispatch(x, y)] };
    const two = { name: "two", dispatches: both };
    return [chosenLater("work", attrs.twoFirst ? [two, one] : [one, two])];
  },
};

Deno.test("makePlan() gives scratch a slot while its node runs", () => {
  const graph = new Graph();
  let x = graph.input("x", [300]);
  for (const twoFirst of [true, false, false]) {
    const output = { name: `after ${x.name}`, shape: [300] };
    [x] = graph.add(through, [x], { twoFirst }, [output]);
  }
  const plan = makePlan("scratch", graph, LIMITS, [x]);
  // In, out and scratch live together, and the next scratch takes a free slot.
  assertEquals(plan.slots, [1280, 1280, 1280]);
  for (const { choice } of plan.dispatches) {
    for (const { bindings } of choice!.variants.flatMap((v) => v.dispatches)) {
      const { from, to } = bindings;
      assertEquals(
        JSON.stringify(from.location) === JSON.stringify(to.location),
        false,
      );
    }
  }
});

Deno.test("a plan's work is that of the first variants, with all their dispatches", () => {
  const graph = new Graph();
  const attrs = { twoFirst: true };
  const outputs = [{ name: "y", shape: [300] }];
  const [y] = graph.add(through, [graph.input("x", [300])], attrs, outputs);
  const plan = makePlan("work", graph, LIMITS, [y]);
  assertEquals(plan.dispatches.length, 1);
  const [into, out] = firstVariants(plan.dispatches);
  assertEquals(into.bindings.to.location, out.bindings.from.location);
  assertEquals(out.bindings.to.location, plan.fetches.get(y));
  assertEquals([plan.flops, plan.bytes], [2, 4]);
});
