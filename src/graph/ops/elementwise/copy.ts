/** Copies of tensors, in another type or in other storage. @module */
import {
  type AdapterLimits,
  type Dispatch,
  f32,
  read,
  write,
} from "../../dispatch.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import { count, type Tensor } from "../../tensor.ts";

/** The dispatches that write the elements of `from` to `to`. */
export function copyDispatches(
  from: Tensor,
  to: Tensor,
  limits: AdapterLimits,
): Dispatch[] {
  return flatRanges(count(to), limits).map((range) => ({
    kernel: "elementwise/weighted_sum",
    constants: {
      WG: 64,
      BRANCHES: 1,
      TRAINED_0: false,
      TRAINED_1: false,
      TRAINED_2: false,
      ACCUMULATE: false,
    },
    params: { count: range.count, gain0: f32(1), gain1: f32(0), gain2: f32(0) },
    bindings: {
      y: write(to, range.of(to)),
      x0: read(from, range.of(from)),
    },
    workgroups: flatGrid(range.count, 64),
    flops: 0,
    bytes: range.of(from).size + range.of(to).size,
  }));
}

const operation: Operation<null> = {
  name: "copy",
  lower: ({ inputs: [from, to] }, limits) => copyDispatches(from, to, limits),
};

/** Writes the elements of `from` to the persistent tensor `to`. */
export function copyInto(graph: Graph, from: Tensor, to: Tensor): void {
  graph.add(operation, [from, to], null, [], { effect: true });
}
