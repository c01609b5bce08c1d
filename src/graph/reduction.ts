/** What row-wise kernels need to know about the adapter. @module */
import {
  type AdapterLimits,
  type ByteRange,
  type Constant,
  type Dispatch,
  read,
  readWrite,
} from "./dispatch.ts";
import { rowRanges, vectorWidth } from "./dispatch_grid.ts";
import { BYTES, type Tensor } from "./tensor.ts";

/**
 * Constants of `kernels/lib/reduce.wgsl`: one subgroup per workgroup where
 * their size is fixed.
 */
export function reduceConstants(
  limits: AdapterLimits,
): Record<string, Constant> {
  return limits.subgroupSize > 0
    ? { SUBGROUPS: true, WG: limits.subgroupSize }
    : { SUBGROUPS: false, WG: 64 };
}

/** Lanes of a workgroup whose lanes own columns and share nothing. */
export const columnLanes = (limits: AdapterLimits): number =>
  limits.software ? 8 : 32;

/** Most blocks that {@linkcode rowBlocks} gives. */
export const MAX_ROW_BLOCKS = 64;

/** Into how many blocks `rows` are cut for a two-stage sum over rows. */
export function rowBlocks(rows: number, limits: AdapterLimits): number {
  const perBlock = limits.software ? 128 : 64;
  return Math.max(1, Math.min(MAX_ROW_BLOCKS, Math.ceil(rows / perBlock)));
}

/**
 * One stage of a sum over rows, `y[blocks, width] (+)= x[rows, width]`.
 *
 * @param accumulate adds to what `y` holds
 */
export function columnSum(
  x: Tensor,
  y: Tensor,
  sizes: { rows: number; width: number; blocks: number },
  accumulate: boolean,
  limits: AdapterLimits,
): Dispatch {
  const { rows, width, blocks } = sizes;
  const VW = vectorWidth(width), WG = columnLanes(limits);
  return {
    kernel: "reduce/column_sum",
    constants: { VW, WG, ACCUMULATE: accumulate },
    params: { rows, width, blocks },
    bindings: {
      x: read(x, blocksOf(x, rows, width)),
      y: readWrite(y, blocksOf(y, blocks, width)),
    },
    workgroups: [Math.ceil(width / VW / WG), blocks, 1],
    flops: rows * width,
    bytes: BYTES[x.dtype] * rows * width + BYTES[y.dtype] * blocks * width,
  };
}

/**
 * {@linkcode columnSum} of an `x` that may be larger than a binding, `[rows,
 * width]`: the blocks of its stretches are added up in order.
 */
export function columnSums(
  x: Tensor,
  y: Tensor,
  sizes: { rows: number; width: number; blocks: number },
  limits: AdapterLimits,
): Dispatch[] {
  return rowRanges(sizes.rows, [x], limits).map((range) => {
    const stretch = { ...sizes, rows: range.count };
    const sum = columnSum(x, y, stretch, range.start > 0, limits);
    const bindings = { ...sum.bindings, x: read(x, range.of(x)) };
    return { ...sum, bindings };
  });
}

/** The first rows of a tensor that has room for more, as a binding's range. */
export const blocksOf = (
  x: Tensor,
  rows: number,
  width: number,
): ByteRange => ({
  size: padded(BYTES[x.dtype] * rows * width),
});

const padded = (size: number) => Math.ceil(size / 16) * 16;
