/** What rowwise kernels need to know of the adapter. @module */
import type { AdapterLimits, Constant, Dispatch } from "./dispatch.ts";
import { bytes, type Tensor } from "./tensor.ts";
import { vectorWidth } from "./dispatch_grid.ts";

/** Constants of `kernels/lib/reduce.wgsl`: one subgroup a workgroup where that can be had. */
export function reduceConstants(
  limits: AdapterLimits,
): Record<string, Constant> {
  return limits.subgroupSize > 0
    ? { SUBGROUPS: true, WG: limits.subgroupSize }
    : { SUBGROUPS: false, WG: 64 };
}

/** Lanes of a workgroup that works on columns without talking. */
export const columnLanes = (limits: AdapterLimits): number =>
  limits.software ? 8 : 32;

/** Into how many blocks `rows` are cut for a two-stage sum over rows. */
export function rowBlocks(rows: number, limits: AdapterLimits): number {
  const perBlock = limits.software ? 128 : 64;
  return Math.max(1, Math.min(64, Math.ceil(rows / perBlock)));
}

/**
 * One stage of a sum over rows, `y[blocks, width] (+)= x[rows, width]`.
 *
 * @param onto adds to what `y` holds
 */
export function columnSum(
  x: Tensor,
  y: Tensor,
  sizes: { rows: number; width: number; blocks: number },
  onto: boolean,
  limits: AdapterLimits,
): Dispatch {
  const { rows, width, blocks } = sizes;
  const VW = vectorWidth(width), WG = columnLanes(limits);
  return {
    kernel: "reduce/column_sum",
    constants: { VW, WG, ONTO: onto },
    params: [rows, width, blocks],
    bindings: [
      { tensor: x, access: "read", offset: 0, size: padded(4 * rows * width) },
      { tensor: y, access: "readwrite" },
    ],
    workgroups: [Math.ceil(width / VW / WG), blocks, 1],
    flops: rows * width,
    bytes: 4 * rows * width + bytes(y),
  };
}

const padded = (size: number) => Math.ceil(size / 16) * 16;
