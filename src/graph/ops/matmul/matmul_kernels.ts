/**
 * Which kernels can multiply two matrices of a given layout and shape on a
 * given adapter, and the dispatch of each. The tuner times them; without it,
 * the first runs.
 * @module
 */
import {
  type AdapterLimits,
  type ByteRange,
  type Constant,
  type Dispatch,
  f32,
  read,
  readWrite,
  write,
} from "../../dispatch.ts";
import { BYTES, type Tensor } from "../../tensor.ts";

/** Whether A and B are read as stored (N) or transposed (T). */
export type Layout = "NN" | "NT" | "TN";

/**
 * One product, `C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C)`, row-major;
 * each matrix is f32 or f16.
 */
export interface MatmulSpec {
  /** NN: A[M,K] B[K,N]. NT: A[M,K] B[N,K]ᵀ. TN: A[K,M]ᵀ B[K,N]. */
  layout: Layout;
  M: number;
  N: number;
  K: number;
  /** Row pitches in elements: a matrix may be a column block of a wider one. */
  lda: number;
  ldb: number;
  ldc: number;
  /** Add to what C holds. */
  accumulate: boolean;
  /** Add `bias[n]` to every row. */
  bias: boolean;
  /** Factor of the product. @default 1 */
  alpha?: number | undefined;
}

/** A matrix in a tensor, from a byte offset on. */
export interface Operand extends ByteRange {
  tensor: Tensor;
}

/** The operands of a product; `bias` has N elements. */
export interface MatmulOperands {
  a: Operand;
  b: Operand;
  c: Operand;
  bias?: Operand | undefined;
}

/** One way to compute a product. */
export interface Variant {
  /** Unique among the variants, stable between versions: the tuner's key. */
  name: string;
  /**
   * One dispatch that computes `spec`.
   *
   * @throws {RangeError} where a binding is missing
   */
  dispatch(spec: MatmulSpec, operands: MatmulOperands): Dispatch;
}

/** Rows of C per subgroup, the fastest first: no more than M needs. */
const subgroupRows = (M: number) => M > 16 ? [32, 16] : M > 8 ? [16] : [8];

/**
 * Tiles for GPUs: C per workgroup, slab of K, C per invocation. Workgroup
 * memory stays below 16 KiB and invocations within 256, the limits that every
 * adapter grants.
 */
const TILES = [
  { BM: 128, BN: 128, BK: 8, TM: 8, TN: 8 },
  { BM: 64, BN: 64, BK: 16, TM: 8, TN: 4 },
  { BM: 32, BN: 32, BK: 16, TM: 4, TN: 4 },
];

type Tile = typeof TILES[number];

/** Rows of C per invocation of the plain kernel. */
const PLAIN_ROWS = 4;

/** Fewer workgroups than this leave most of a GPU idle: take a smaller tile. */
const GPU_WORKGROUPS = 256;

/**
 * The kernels that can compute `spec` on an adapter, the likely fastest first.
 * Never empty: `matmul/any` takes everything.
 *
 * @param limits `int64` is whether kernels may use 64-bit integers: a software
 * driver pays per word loaded (0 to 30 % faster, 30 % less to compile)
 * @throws {RangeError} if a size is not a positive integer or a pitch is too
 *   small
 */
export function matmulVariants(
  spec: MatmulSpec,
  limits: AdapterLimits,
): Variant[] {
  validate(spec);
  const aligned = [spec.lda, spec.ldb, spec.ldc].every((p) => p % 4 === 0);
  if (!aligned) return [plainVariant];
  if (!limits.software) return [...tiledVariants(spec), plainVariant];
  const { subgroupSize: lanes, int64 = false } = limits;
  if (lanes !== 4 && lanes !== 8) return [plainVariant];
  return [
    ...subgroupRows(spec.M).map((rows) => subgroupVariant(rows, lanes, int64)),
    plainVariant,
  ];
}

/** The largest tile that occupies a GPU comes first. */
function tiledVariants({ M, N }: MatmulSpec): Variant[] {
  const workgroups = (t: Tile) => Math.ceil(M / t.BM) * Math.ceil(N / t.BN);
  const found = TILES.findIndex((t) => workgroups(t) >= GPU_WORKGROUPS);
  const first = found < 0 ? TILES.length - 1 : found;
  return [TILES[first], ...TILES.filter((_, i) => i !== first)]
    .map(tiledVariant);
}

/** @throws {RangeError} naming the first field that cannot be */
function validate(spec: MatmulSpec): void {
  const { layout, M, N, K } = spec;
  const least = {
    M: 1,
    N: 1,
    K: 1,
    lda: layout === "TN" ? M : K,
    ldb: layout === "NT" ? K : N,
    ldc: N,
  };
  for (const [key, low] of Object.entries(least)) {
    const value = spec[key as keyof typeof least];
    if (!Number.isInteger(value) || value < low) {
      throw new RangeError(
        `Cannot multiply as '${key}' must be an integer of at least ${low}: got ${value}`,
      );
    }
  }
}

/** Tiles of one subgroup: a lane owns 4 columns of `rows` rows. */
function subgroupVariant(
  rows: number,
  lanes: number,
  wide: boolean,
): Variant {
  return {
    name: `subgroup_${rows}x${4 * lanes}${wide ? "_wide" : ""}`,
    dispatch: (spec, operands) =>
      dispatch(spec, operands, {
        kernel: "matmul/subgroup",
        rows,
        columns: 4 * lanes,
        slab: 4,
        constants: { ROWS: rows, LANES: lanes, WIDE: wide },
      }),
  };
}

function tiledVariant(tile: Tile): Variant {
  return {
    name: `tiled_${tile.BM}x${tile.BN}x${tile.BK}`,
    dispatch: (spec, operands) =>
      dispatch(spec, operands, {
        kernel: "matmul/tiled",
        rows: tile.BM,
        columns: tile.BN,
        slab: tile.BK,
        constants: { ...tile, WIDE: false },
      }),
  };
}

const plainVariant: Variant = {
  name: "any",
  dispatch: (spec, operands) =>
    dispatch(spec, operands, {
      kernel: "matmul/any",
      rows: 8 * PLAIN_ROWS,
      columns: 16,
      constants: { ROWS: PLAIN_ROWS },
    }),
};

/** What of a dispatch depends on the kernel. */
interface Shape {
  kernel: string;
  /** C per workgroup. */
  rows: number;
  columns: number;
  /**
   * K per step, for kernels that compile the code for edges only where it is
   * needed.
   */
  slab?: number;
  constants: Record<string, Constant>;
}

function dispatch(
  spec: MatmulSpec,
  { a, b, c, bias }: MatmulOperands,
  { kernel, rows, columns, slab, constants }: Shape,
): Dispatch {
  const { layout, M, N, K, lda, ldb, ldc, accumulate, alpha = 1 } = spec;
  if (spec.bias !== (bias !== undefined)) {
    throw new RangeError(
      `Cannot multiply as 'bias' must be ${spec.bias ? "bound" : "absent"}`,
    );
  }
  const edges: Record<string, Constant> = slab === undefined ? {} : {
    EDGES: M % rows !== 0 || N % columns !== 0,
    K_TAIL: K % slab !== 0,
  };
  return {
    kernel,
    constants: {
      TRANSPOSED_A: layout === "TN",
      TRANSPOSED_B: layout === "NT",
      ACCUMULATE: accumulate,
      BIAS: spec.bias,
      ...edges,
      ...constants,
    },
    params: { M, N, K, lda, ldb, ldc, alpha: f32(alpha) },
    bindings: {
      A: read(a.tensor, a),
      B: read(b.tensor, b),
      C: accumulate ? readWrite(c.tensor, c) : write(c.tensor, c),
      ...bias ? { bias: read(bias.tensor, bias) } : {},
    },
    workgroups: [Math.ceil(N / columns), Math.ceil(M / rows), 1],
    flops: 2 * M * N * K,
    bytes: BYTES[a.tensor.dtype] * M * K + BYTES[b.tensor.dtype] * K * N +
      BYTES[c.tensor.dtype] * (accumulate ? 2 : 1) * M * N,
  };
}
