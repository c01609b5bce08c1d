/** Sums of gradients that no other kernel can take along. @module */
import type { Graph, Operation } from "../../graph.ts";
import { bytes, count, type Tensor } from "../../tensor.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";

const operation: Operation<null> = {
  name: "add",
  lower(node, limits) {
    const [x] = node.inputs, [y] = node.outputs;
    return flatRanges(count(x), limits).map((range) => ({
      kernel: "elementwise/add",
      constants: { WG: 64 },
      params: [range.count],
      bindings: [
        { tensor: x, access: "read", ...range.bytes },
        { tensor: y, access: "readwrite", ...range.bytes },
      ],
      workgroups: flatGrid(range.count, 64),
      flops: range.count,
      bytes: 3 * bytes(x),
    }));
  },
};

/** `onto + x`, elementwise; shapes equal. */
export function add(graph: Graph, x: Tensor, accumulateInto: Tensor): Tensor {
  return graph.add(operation, [x], null, [
    { name: `${x.name}+`, shape: accumulateInto.shape },
  ], { onto: accumulateInto })[0];
}
