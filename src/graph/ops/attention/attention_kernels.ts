/** Which attention kernel suits an adapter and a head's width. @module */
import type { AdapterLimits, Constant } from "../../dispatch.ts";
import { vectorWidth } from "../../dispatch_grid.ts";

/** The three passes over the pairs of queries and keys. */
export type Pass = "forward" | "grad_q" | "grad_kv";

/** A kernel of one pass. */
export interface AttentionKernel {
  /** File name in `kernels/`. */
  kernel: string;
  constants: Record<string, Constant>;
  /** Queries of one workgroup, or keys in `grad_kv`. */
  tile: number;
  /** Workgroups that share the columns of a tile's results. */
  blocks: number;
}

/**
 * Elements of keys that a step of the subgroup kernel may unroll: compile time
 * grows with it.
 */
const UNROLLED = 160;

/**
 * Most vec4s of a row of results that a workgroup of the tiled kernel makes.
 */
const WIDEST_BLOCK = 32;

/** Invocations of the tiled kernel. */
const THREADS = 128;

/** vec4s of rows that it keeps in workgroup memory. */
const SLAB = 512;

/**
 * The kernel that does one pass over heads of `headDim` elements. Software
 * Vulkan (8 lanes on AVX, 4 on SSE and NEON) runs one subgroup per workgroup,
 * without barriers; GPUs, and software without subgroups of one size, share
 * tiles in workgroup memory. Both take heads of any width and dropout.
 *
 * @param wide whether rows are read as 64-bit words, which takes f32 alone
 */
export function attentionKernel(
  pass: Pass,
  headDim: number,
  { software, subgroupSize }: AdapterLimits,
  wide: boolean,
): AttentionKernel {
  return software && subgroupSize > 0
    ? subgroup(pass, headDim, subgroupSize, wide)
    : tiled(pass, headDim);
}

/**
 * What a pass computes from the pairs: see
 * kernels/attention/shared/operands.wgsl.
 */
const PRODUCTS_AND_SUMS: Record<Pass, Record<string, number | boolean>> = {
  forward: { PRODUCTS: 1, FIRST_SUM: 1, LAST_SUM: 1 },
  grad_q: { PRODUCTS: 2, FIRST_SUM: 0, LAST_SUM: 0 },
  grad_kv: { PRODUCTS: 2, FIRST_SUM: 0, LAST_SUM: 1 },
};

/** How the columns of heads lie in memory and in units of four. */
export function headConstants(headDim: number, wide = false) {
  const VW = vectorWidth(headDim);
  return {
    VW,
    HEAD_UNITS: headDim / VW,
    UNITS: Math.ceil(headDim / 4),
    WIDE: wide && VW === 4,
  };
}

const file = (family: string, pass: Pass) =>
  pass === "forward" ? family : `${family}_${pass}`;

/** One lane owns 4 rows; the other side's rows come a step at a time. */
function subgroup(
  pass: Pass,
  headDim: number,
  lanes: number,
  wide: boolean,
): AttentionKernel {
  const head = headConstants(headDim, wide), units = head.UNITS;
  // The fewest rows that load all lanes alike; more gain nothing measurable.
  const rows =
    [1, 2, 4, 8].find((n) =>
      n * units % lanes === 0 && n * units * 4 <= UNROLLED
    ) ?? 1;
  return {
    kernel: file("attention/subgroup", pass),
    constants: {
      LANES: lanes,
      STEP: rows,
      LOADS: Math.ceil(rows * units / lanes),
      ...head,
      ...PRODUCTS_AND_SUMS[pass],
    },
    tile: 4 * lanes,
    blocks: 1,
  };
}

/** Tiles of 64 by 64 through workgroup memory. */
function tiled(pass: Pass, headDim: number): AttentionKernel {
  const head = headConstants(headDim);
  const blocks = Math.ceil(head.UNITS / WIDEST_BLOCK);
  const span = Math.ceil(head.UNITS / blocks);
  const CHUNK = 32 * span <= SLAB ? 32 : 16;
  return {
    kernel: file("attention/tiled", pass),
    constants: {
      ...head,
      BLOCKS: blocks,
      SPAN: span,
      COLUMNS: Math.ceil(span / 8),
      CHUNK,
      LOADS: Math.ceil(CHUNK * span / THREADS),
      KEYS_OWN: pass === "grad_kv",
      ...PRODUCTS_AND_SUMS[pass],
    },
    tile: 64,
    blocks,
  };
}
