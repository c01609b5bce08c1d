/** Learned scales of channels or heads. @module */
import { type Dispatch, read, readWrite } from "../../dispatch.ts";
import { grid, rowRanges, vectorWidth } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import {
  columnLanes,
  MAX_ROW_BLOCKS,
  reduceConstants,
  rowBlocks,
} from "../../reduction.ts";
import { count, type Tensor } from "../../tensor.ts";

interface Attrs {
  /** Columns that share a scale. */
  span: number;
}

/** One scale per column, or per stretch of columns; lanes share nothing. */
const operation: Operation<Attrs> = {
  name: "scale",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [x, scale] = node.inputs, { span } = node.attrs;
    to.accumulate(
      scale,
      (accumulateInto) =>
        to.graph.add(scaleGradient, [x, dy], { span }, [
          gradientOf(scale),
          {
            name: `d ${scale.name} blocks`,
            shape: [MAX_ROW_BLOCKS, span * count(scale)],
          },
        ], { accumulateInto })[0],
    );
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(operation, [dy, scale], { span }, [
          gradientOf(x),
        ], { accumulateInto })[0],
    );
  },
  lower(node: Node<Attrs>, limits) {
    const [x, scale] = node.inputs, [y] = node.outputs;
    const { span } = node.attrs, width = span * count(scale);
    const VW = vectorWidth(width), WG = columnLanes(limits);
    const rows = count(x) / width;
    return rowRanges(rows, [x, y], limits).map((range) => ({
      kernel: "elementwise/scale",
      constants: { VW, WG, ACCUMULATE: !!node.accumulateInto },
      params: { rows: range.count, width, span },
      bindings: {
        x: read(x, range.of(x)),
        y: readWrite(y, range.of(y)),
        scale: read(scale),
      },
      workgroups: grid(Math.ceil(range.count * width / VW / WG)),
      flops: range.count * width,
      bytes: range.of(x).size + range.of(y).size,
    }));
  },
};

const scaleGradient: Operation<Attrs> = {
  name: "scale_grad",
  lower(node, limits): Dispatch[] {
    const [x, dy] = node.inputs, [dscale, partial] = node.outputs;
    const { span } = node.attrs, width = span * count(dscale);
    const rows = count(x) / width, blocks = rowBlocks(rows, limits);
    const VW = vectorWidth(width), WG = columnLanes(limits);
    const products = rowRanges(rows, [x, dy], limits).map((
      range,
    ): Dispatch => ({
      kernel: "reduce/column_dot",
      constants: { VW, WG, ACCUMULATE: range.start > 0 },
      params: { rows: range.count, width, blocks },
      bindings: {
        a: read(x, range.of(x)),
        b: read(dy, range.of(dy)),
        p: readWrite(partial),
      },
      workgroups: [Math.ceil(width / VW / WG), blocks, 1],
      flops: 2 * range.count * width,
      bytes: range.of(x).size + range.of(dy).size,
    }));
    return [...products, {
      kernel: "reduce/segment_sum",
      constants: reduceConstants(limits),
      params: { blocks, width, span },
      bindings: { p: read(partial), y: readWrite(dscale) },
      workgroups: [count(dscale), 1, 1],
      flops: blocks * width,
      bytes: 4 * blocks * width,
    }];
  },
};

/**
 * Multiplies stretches of the last axis by learned numbers: one scale per
 * channel (NormFormer's residual scale, arXiv 2110.09456 section 2.1) or per
 * head.
 *
 * @param x `[N, D]`; the result has its type
 * @param scale `[n]`, n dividing D: element g scales columns g·D/n … (g+1)·D/n
 *   − 1
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
    { name, shape: x.shape, dtype: x.dtype },
  ])[0];
}
