/** Learned scales of channels or heads. @module */
import type { Graph, Node, Operation } from "../../graph.ts";
import { bytes, count, type Tensor } from "../../tensor.ts";
import { grid, vectorWidth } from "../../dispatch_grid.ts";
import { columnLanes, reduceConstants, rowBlocks } from "../../reduction.ts";

interface Attrs {
  /** Columns that share a scale. */
  span: number;
}

/** A scale a channel: one column each; lanes need no talk across columns. */
const operation: Operation<Attrs> = {
  name: "scale",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [x, scale] = node.inputs, { span } = node.attrs;
    to.accumulate(
      scale,
      (accumulateInto) =>
        to.graph.add(scaleGradient, [x, dy], { span }, [
          { name: `d ${scale.name}`, shape: scale.shape },
          { name: `d ${scale.name} blocks`, shape: [64, span * count(scale)] },
        ], { onto: accumulateInto })[0],
    );
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(operation, [dy, scale], { span }, [
          { name: `d ${x.name}`, shape: x.shape },
        ], { onto: accumulateInto })[0],
    );
  },
  lower(node: Node<Attrs>, limits) {
    const [x, scale] = node.inputs, [y] = node.outputs;
    const { span } = node.attrs, width = span * count(scale);
    const VW = vectorWidth(width), WG = columnLanes(limits);
    return [{
      kernel: "elementwise/scale",
      constants: { VW, WG, ONTO: !!node.accumulateInto },
      params: [count(x) / width, width, span],
      bindings: [
        { tensor: x, access: "read" },
        { tensor: y, access: "readwrite" },
        { tensor: scale, access: "read" },
      ],
      workgroups: grid(Math.ceil(count(x) / VW / WG)),
      flops: count(x),
      bytes: 2 * bytes(x),
    }];
  },
};

const scaleGradient: Operation<Attrs> = {
  name: "scale_grad",
  lower(node, limits) {
    const [x, dy] = node.inputs, [dscale, partial] = node.outputs;
    const { span } = node.attrs, width = span * count(dscale);
    const rows = count(x) / width, blocks = rowBlocks(rows, limits);
    const VW = vectorWidth(width), WG = columnLanes(limits);
    return [{
      kernel: "reduce/column_dot",
      constants: { VW, WG },
      params: [rows, width, blocks],
      bindings: [
        { tensor: x, access: "read" },
        { tensor: dy, access: "read" },
        { tensor: partial, access: "readwrite" },
      ],
      workgroups: [Math.ceil(width / VW / WG), blocks, 1],
      flops: 2 * count(x),
      bytes: 2 * bytes(x),
    }, {
      kernel: "reduce/segment_sum",
      constants: reduceConstants(limits),
      params: [blocks, width, span],
      bindings: [
        { tensor: partial, access: "read" },
        { tensor: dscale, access: "readwrite" },
      ],
      workgroups: [count(dscale), 1, 1],
      flops: blocks * width,
      bytes: 4 * blocks * width,
    }];
  },
};

/**
 * Multiplies stretches of the last axis by learned numbers: a scale a channel
 * (NormFormer's residual scale, arXiv 2110.09456 section 2.1) or a head.
 *
 * @param x `[N, D]`
 * @param scale `[n]`, n dividing D: element g scales columns g·D/n … (g+1)·D/n − 1
 * @throws {RangeError} if n does not divide D
 */
export function scale(
  graph: Graph,
  name: string,
  x: Tensor,
  scale: Tensor,
): Tensor {
  const span = x.shape[x.shape.length - 1] / count(scale);
  if (!Number.isInteger(span)) {
    throw new RangeError(
      `Cannot scale '${x.name}' as ${
        count(scale)
      } scales do not divide a row of ${x.shape[x.shape.length - 1]}`,
    );
  }
  return graph.add(operation, [x, scale], { span }, [
    { name, shape: x.shape },
  ])[0];
}
