/** What rowwise kernels need to know of the adapter. @module */
import type { Constant, Dispatch, Traits } from "./dispatch.ts";
import { bytes, type Tensor } from "./tensor.ts";
import { vectorWidth } from "./dispatch_grid.ts";

/** Constants of `kernels/lib/reduce.wgsl`: one subgroup a workgroup where that can be had. */
export function reduceConstants(traits: Traits): Record<string, Constant> {
  return traits.subgroupSize > 0
    ? { SUBGROUPS: true, WG: traits.subgroupSize }
    : { SUBGROUPS: false, WG: 64 };
}

/** Lanes of a workgroup that works on columns without talking. */
export const columnLanes = (traits: Traits): number => traits.software ? 8 : 32;

/** Into how many blocks `rows` are cut for a two-stage sum over rows. */
export function rowBlocks(rows: number, traits: Traits): number {
  const perBlock = traits.software ? 128 : 64;
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
  traits: Traits,
): Dispatch {
  const { rows, width, blocks } = sizes;
  const VW = vectorWidth(width), WG = columnLanes(traits);
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
