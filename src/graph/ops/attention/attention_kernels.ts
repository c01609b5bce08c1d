/** Which attention kernels suit an adapter and a head's width. @module */
import type { AdapterLimits, Constant } from "../../dispatch.ts";
import { vectorWidth } from "../../dispatch_grid.ts";

/** The three passes over the pairs of queries and keys. */
export type Pass = "forward" | "grad_q" | "grad_kv";

/** A kernel of one pass. */
export interface AttentionKernel {
  /** Stable between versions: the tuner stores it. */
  name: string;
  /** File name in `kernels/`. */
  kernel: string;
  constants: Record<string, Constant>;
  /** Queries of one workgroup, or keys in `grad_kv`. */
  tile: number;
}

/** Widest head whose sums an invocation can hold in registers. */
const WIDEST_TILED = 128;

/**
 * Elements of keys that a step of the subgroup kernel may unroll: compile time
 * grows with it.
 */
const UNROLLED = 160;

/** vec4s of rows that the tiled kernels keep in workgroup memory. */
const SLAB = 256;

/**
 * The kernels that can do one pass over heads of `headDim` elements, the likely
 * fastest first. Never empty: the plain kernel takes every width.
 *
 * @param dropout whether weights are dropped, which the subgroup kernel cannot
 */
export function attentionKernels(
  pass: Pass,
  headDim: number,
  limits: AdapterLimits,
  dropout = false,
): AttentionKernel[] {
  const { software, subgroupSize: lanes, int64 } = limits;
  const vectors = headDim % 4 === 0;
  // Software Vulkan has 8 lanes on AVX, 4 on SSE and NEON.
  if (software && vectors && !dropout && (lanes === 4 || lanes === 8)) {
    return [subgroup(pass, headDim, lanes, int64)];
  }
  const plain = plainKernel(pass, headDim, limits);
  if (software || !vectors || headDim > WIDEST_TILED) return [plain];
  return [tiled(pass, headDim), plain];
}

/**
 * What a pass computes from the pairs: see
 * kernels/attention/shared/operands.wgsl.
 */
const PRODUCTS_AND_SUMS: Record<Pass, Record<string, number>> = {
  forward: { PRODUCTS: 1, FIRST_SUM: 1, LAST_SUM: 1 },
  grad_q: { PRODUCTS: 2, FIRST_SUM: 0, LAST_SUM: 0 },
  grad_kv: { PRODUCTS: 2, FIRST_SUM: 0, LAST_SUM: 1 },
};

const file = (family: string, pass: Pass) =>
  pass === "forward" ? family : `${family}_${pass}`;

/** One lane owns 4 rows; the other side's rows come a step at a time. */
function subgroup(
  pass: Pass,
  headDim: number,
  lanes: number,
  WIDE: boolean,
): AttentionKernel {
  const units = headDim / 4;
  // The fewest rows that load all lanes alike; more gain nothing measurable.
  const rows =
    [1, 2, 4, 8].find((n) =>
      n * units % lanes === 0 && n * headDim <= UNROLLED
    ) ?? 1;
  return {
    name: "subgroup",
    kernel: file("attention/subgroup", pass),
    constants: {
      VW: 4,
      LANES: lanes,
      UNITS: units,
      STEP: rows,
      LOADS: Math.ceil(rows * units / lanes),
      WIDE,
      ...PRODUCTS_AND_SUMS[pass],
    },
    tile: 4 * lanes,
  };
}

/** Tiles of 64 by 32 through workgroup memory. */
function tiled(pass: Pass, headDim: number): AttentionKernel {
  const units = headDim / 4;
  return {
    name: "tiled",
    kernel: file("attention/tiled", pass),
    constants: {
      VW: 4,
      WIDE: false,
      UNITS: units,
      COLUMNS: Math.ceil(units / 8),
      CHUNK: [32, 16, 8].find((rows) => rows * units <= SLAB)!,
      ...PRODUCTS_AND_SUMS[pass],
    },
    tile: 64,
  };
}

/** The kernel that takes every width: one lane owns a row. */
export function plainKernel(
  pass: Pass,
  headDim: number,
  { software }: AdapterLimits,
): AttentionKernel {
  const VW = vectorWidth(headDim), WG = software ? 8 : 32;
  return {
    name: "plain",
    kernel: file("attention/plain", pass),
    constants: { VW, WG, UNITS: headDim / VW, WIDE: false },
    tile: WG,
  };
}
