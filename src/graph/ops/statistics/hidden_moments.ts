/**
 * What the outlier statistics of hidden states are made from: moments of rows
 * and columns, and correlations. The reader of the results adds them up
 * over whole tensors, in 64-bit numbers.
 * @module
 */
import {
  type AdapterLimits,
  type Dispatch,
  read,
  readWrite,
} from "../../dispatch.ts";
import { grid, rowRanges } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import {
  columnLanes,
  columnSum,
  MAX_ROW_BLOCKS,
  reduceConstants,
  rowBlocks,
} from "../../reduction.ts";
import { bytes, type Tensor } from "../../tensor.ts";
import { matmul } from "../matmul/matmul.ts";
import { dotPartials, partialCount } from "../reduce/dot_product.ts";

/**
 * Results of {@linkcode hiddenMoments}; `y` is x minus its mean over features.
 */
export interface HiddenMoments {
  /** `[N, 4]`: Σ y², Σ y⁴, max |y|, median |y| of each row. */
  rows: Tensor;
  /** `[2, D]`: Σ y and Σ y² of each column. */
  columns: Tensor;
  /**
   * `[min(N, D)]`: sums of squares of the rows of `yᵀy` (of `y yᵀ` where N < D)
   * without the diagonal.
   */
  offDiagonal: Tensor;
}

const moments: Operation<null> = {
  name: "hidden_moments",
  lower(node, limits) {
    const [x] = node.inputs, [N, D] = x.shape;
    const [rows, columns, off, centred, blocked, gram] = node.outputs;
    const size = off.shape[0], blocks = rowBlocks(N, limits);
    const WG = columnLanes(limits);
    const ranges = rowRanges(N, [x, centred, rows], limits);
    const columnsWide = D <= N;
    const matrix = { tensor: centred, pitch: D };
    return [
      ...ranges.map((range): Dispatch => ({
        kernel: "statistics/rows",
        constants: reduceConstants(limits),
        params: {
          rows: range.count,
          width: D,
          median_rank: Math.floor((D - 1) / 2),
        },
        bindings: {
          x: read(x, range.of(x)),
          y: readWrite(centred, range.of(centred)),
          moments: readWrite(rows, range.of(rows)),
        },
        workgroups: grid(range.count),
        flops: 70 * range.count * D,
        bytes: range.of(x).size + range.of(centred).size,
      })),
      ...ranges.map((range): Dispatch => ({
        kernel: "statistics/columns",
        constants: { WG, ACCUMULATE: range.start > 0 },
        params: { rows: range.count, width: D, blocks },
        bindings: {
          x: read(centred, range.of(centred)),
          y: readWrite(blocked),
        },
        workgroups: [Math.ceil(D / WG), blocks, 1],
        flops: 3 * range.count * D,
        bytes: range.of(centred).size,
      })),
      columnSum(
        blocked,
        columns,
        { rows: blocks, width: 2 * D, blocks: 1 },
        false,
        limits,
      ),
      ...matmul({
        layout: columnsWide ? "TN" : "NT",
        M: size,
        N: size,
        K: columnsWide ? N : D,
        a: matrix,
        b: matrix,
        c: { tensor: gram, pitch: size },
        accumulate: false,
      }, limits),
      {
        kernel: "statistics/gram",
        constants: reduceConstants(limits),
        params: { size },
        bindings: { g: read(gram), y: readWrite(off) },
        workgroups: grid(size),
        flops: 2 * size * size,
        bytes: bytes(gram),
      },
    ] satisfies Dispatch[];
  },
};

/** Adds the moments of `x` (`[N, D]`) to the graph; no gradient passes. */
export function hiddenMoments(
  graph: Graph,
  name: string,
  x: Tensor,
): HiddenMoments {
  const [N, D] = x.shape, size = Math.min(N, D);
  const [rows, columns, offDiagonal] = graph.add(moments, [x], null, [
    { name: `${name} rows`, shape: [N, 4] },
    { name: `${name} columns`, shape: [2, D] },
    { name: `${name} correlations`, shape: [size] },
    { name: `${name} centred`, shape: [N, D] },
    { name: `${name} blocks`, shape: [MAX_ROW_BLOCKS, 2 * D] },
    { name: `${name} products`, shape: [size, size] },
  ]);
  return { rows, columns, offDiagonal };
}

/** A stretch of a tensor's elements, from a multiple of 4 on. */
export interface Stretch {
  tensor: Tensor;
  start: number;
  count: number;
}

const squares: Operation<readonly Omit<Stretch, "tensor">[]> = {
  name: "sums_of_squares",
  lower(node, limits) {
    let at = 0;
    return node.inputs.flatMap((tensor, i) => {
      const first = at, stretch = node.attrs[i];
      at += partialCount(stretch, limits);
      return dotPartials(
        { a: tensor, ...stretch },
        node.outputs[0],
        first,
        limits,
      );
    });
  },
};

/** Where the parts of one stretch's sum of squares lie. */
export interface Parts {
  first: number;
  count: number;
}

/**
 * Sums of squares of many stretches, in parts that the reader adds up.
 *
 * @returns the parts of all stretches, and where each one's are, in order
 */
export function sumsOfSquares(
  graph: Graph,
  name: string,
  stretches: readonly Stretch[],
  limits: AdapterLimits,
): { sums: Tensor; parts: Parts[] } {
  let total = 0;
  const parts = stretches.map((stretch) => {
    const first = total, count = partialCount(stretch, limits);
    total += count;
    return { first, count };
  });
  const [sums] = graph.add(
    squares,
    stretches.map(({ tensor }) => tensor),
    stretches.map(({ start, count }) => ({ start, count })),
    [{ name, shape: [total] }],
  );
  return { sums, parts };
}
