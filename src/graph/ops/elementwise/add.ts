/** Sums of gradients where no kernel that makes them can accumulate. @module */
import { read, readWrite } from "../../dispatch.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import { count, type Tensor } from "../../tensor.ts";

const operation: Operation<null> = {
  name: "add",
  lower(node, limits) {
    const [x] = node.inputs, [y] = node.outputs;
    return flatRanges(count(x), limits).map((range) => ({
      kernel: "elementwise/add",
      constants: { WG: 64 },
      params: { count: range.count },
      bindings: { x: read(x, range.of(x)), y: readWrite(y, range.of(y)) },
      workgroups: flatGrid(range.count, 64),
      flops: range.count,
      bytes: range.of(x).size + 2 * range.of(y).size,
    }));
  },
};

/** `accumulateInto + x`, elementwise; shapes equal. */
export function add(graph: Graph, x: Tensor, accumulateInto: Tensor): Tensor {
  const { shape, dtype } = accumulateInto;
  return graph.add(operation, [x], null, [
    { name: `${x.name}+`, shape, dtype },
  ], { accumulateInto })[0];
}
