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
import { grid } from "../../dispatch_grid.ts";
import { columnSum } from "../../reduction.ts";
import { BYTES, type Tensor } from "../../tensor.ts";
import {
  type Epilogue,
  epilogueConstants,
  epilogueParams,
  sideBinding,
} from "./epilogue.ts";
import { type Tiling, tilings } from "./tiles.ts";

/** Whether A and B are read as stored (N) or transposed (T). */
export type Layout = "NN" | "NT" | "TN";

/**
 * One product, `C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C)`, row-major.
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
  /** Columns that have a bias, from the first on. @default N */
  biased?: number | undefined;
  /** Factor of the product. @default 1 */
  alpha?: number | undefined;
  /** What is done with the result before it is stored; nothing if absent. */
  epilogue?: Epilogue | undefined;
  /**
   * Also add this operand of a TN product up over K, into {@linkcode SUM_ROWS}
   * rows whose sum is the whole; their width is a multiple of 4.
   */
  sums?: "A" | "B" | undefined;
}

/** Rows in which sums over K come: no product is cut into more parts. */
export const SUM_ROWS = 16;

/** A matrix in a tensor, from a byte offset on. */
export interface Operand extends ByteRange {
  tensor: Tensor;
}

/**
 * The operands of a product; `bias` has an element a column, `side` (of the
 * epilogue) the shape and pitch of C.
 */
export interface MatmulOperands {
  a: Operand;
  b: Operand;
  c: Operand;
  bias?: Operand | undefined;
  side?: Operand | undefined;
  /** `[SUM_ROWS, M or N]` where a product has sums. */
  sums?: Tensor | undefined;
  /** Where a variant needs scratch. */
  scratch?: Tensor | undefined;
}

/** One way to compute a product. */
export interface Variant {
  /** Unique among the variants, stable between versions: the tuner's key. */
  name: string;
  /** f32 elements of the scratch that it needs. @default 0 */
  scratch?: number;
  /**
   * The dispatches that compute `spec`, in order.
   *
   * @throws {RangeError} where a binding is missing
   */
  dispatches(spec: MatmulSpec, operands: MatmulOperands): Dispatch[];
}

/**
 * Rows of C per subgroup, the fastest first: no more than M needs. 32 rows take
 * 1.6 to 1.9 times as long as 16, so that half an empty tile counts where there
 * are three at most.
 */
function subgroupRows(M: number): number[] {
  if (M <= 16) return [M > 8 ? 16 : 8];
  const left = M % 32, halfEmpty = left > 0 && left <= 16;
  return halfEmpty && M > 32 && M <= 80 ? [16, 32] : [32, 16];
}

/** Rows of C per invocation of the plain kernel. */
const PLAIN_ROWS = 4;

/** Invocations per workgroup of the kernel that adds parts of K. */
const REDUCE_INVOCATIONS = 128;

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
  const plain = plainVariant(limits);
  if (!aligned) return [plain];
  if (!limits.software) {
    const tiled = tilings(spec, limits).map((t) => tiledVariant(spec, t));
    return [...tiled, plain];
  }
  const { subgroupSize: lanes, int64 = false } = limits;
  if (lanes !== 4 && lanes !== 8) return [plain];
  return [
    ...subgroupRows(spec.M).map((rows) => subgroupVariant(rows, lanes, int64)),
    plain,
  ];
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
  int64: boolean,
): Variant {
  return {
    name: `subgroup_${rows}x${4 * lanes}${int64 ? "_wide" : ""}`,
    dispatches: (spec, operands) => {
      const { c, side = c } = operands;
      const stored = [c, side].every(({ tensor }) => tensor.dtype === "f32");
      return [
        dispatch(spec, operands, {
          kernel: "matmul/subgroup",
          rows,
          columns: 4 * lanes,
          slab: 4,
          constants: {
            ROWS: rows,
            LANES: lanes,
            WIDE: int64,
            WIDE_C: int64 && stored,
          },
        }),
      ];
    },
  };
}

/** A tile, and the sum of the parts where K is split. */
export function tiledVariant(spec: MatmulSpec, tiling: Tiling): Variant {
  const { tile, parts, kPart } = tiling;
  const name = `tiled_${tile.BM}x${tile.BN}x${tile.BK}` +
    (tile.STAGES > 1 ? `_${tile.STAGES}` : "");
  const shape: Shape = {
    kernel: "matmul/tiled",
    rows: tile.BM,
    columns: tile.BN,
    slab: tile.BK,
    constants: {
      ...tile,
      WIDE: false,
      WIDE_C: false,
      SPLIT: parts > 1,
      SUM_A: spec.sums === "A",
      SUM_B: spec.sums === "B",
      ...spec.sums ? { SUM_ROWS } : {},
    },
    sums: spec.sums,
  };
  if (parts === 1) {
    return {
      name,
      dispatches: (s, operands) => [dispatch(s, operands, shape)],
    };
  }
  const pitch = 4 * Math.ceil(spec.N / 4);
  return {
    name: `${name}_k${parts}`,
    scratch: parts * spec.M * pitch,
    dispatches: (s, operands) => sumOfParts(s, operands, shape, parts, kPart),
  };
}

const plainVariant = (limits: AdapterLimits): Variant => ({
  name: "any",
  dispatches: (spec, operands) => [
    ...sumsApart(spec, operands, limits),
    dispatch(spec, operands, {
      kernel: "matmul/any",
      rows: 8 * PLAIN_ROWS,
      columns: 16,
      constants: { ROWS: PLAIN_ROWS },
    }),
  ],
});

/** Sums over K for a kernel that has none, by a pass of their own. */
function sumsApart(
  { K: rows, M, N, sums: of }: MatmulSpec,
  { a, b, sums }: MatmulOperands,
  limits: AdapterLimits,
): Dispatch[] {
  if (!of || !sums) return [];
  const [x, width] = of === "A" ? [a, M] : [b, N];
  const sizes = { rows, width, blocks: SUM_ROWS };
  return [columnSum(x.tensor, sums, sizes, false, limits)];
}

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
  /** Whose sums the kernel itself makes. */
  sums?: MatmulSpec["sums"];
}

/**
 * A product in two dispatches: parts of K into scratch, then their sum, in a
 * fixed order.
 */
function sumOfParts(
  spec: MatmulSpec,
  operands: MatmulOperands,
  shape: Shape,
  parts: number,
  kPart: number,
): Dispatch[] {
  const { M, N } = spec, pitch = 4 * Math.ceil(N / 4);
  if (!operands.scratch) {
    throw new RangeError("Cannot multiply in parts: 'scratch' must be bound");
  }
  const scratch: Operand = {
    tensor: operands.scratch,
    offset: 0,
    size: 4 * parts * M * pitch,
  };
  const { a, b, c, bias, side, sums } = operands;
  const plain = { accumulate: false, bias: false, epilogue: undefined };
  const product = dispatch(
    { ...spec, ldc: pitch, ...plain },
    { a, b, c: scratch, sums },
    shape,
  );
  const [columns, rows] = product.workgroups;
  // The kernel's own view of a sum: A is the parts, K their number.
  const sum = dispatch(
    { ...spec, layout: "NN", K: parts, lda: pitch, ldb: N },
    { a: scratch, b: scratch, c, bias, side },
    {
      kernel: "matmul/reduce",
      rows: 1,
      columns: 4,
      slab: 1,
      constants: {
        WIDE: false,
        WIDE_C: false,
        REDUCE: true,
        WG: REDUCE_INVOCATIONS,
      },
    },
  );
  const { B: _, ...bindings } = sum.bindings;
  return [
    {
      ...product,
      params: { ...product.params, k_part: kPart, alpha: f32(1) },
      workgroups: [columns, rows, parts],
      bytes: product.bytes + BYTES.f32 * (parts - 1) * M * N,
    },
    {
      ...sum,
      bindings,
      workgroups: grid(Math.ceil(M * pitch / 4 / REDUCE_INVOCATIONS)),
      // The product's 2 M N K count these additions.
      flops: 0,
      // The parts in place of the A and B of a product.
      bytes: sum.bytes + BYTES.f32 * parts * (M * N - M - N),
    },
  ];
}

function dispatch(
  spec: MatmulSpec,
  { a, b, c, bias, side, sums }: MatmulOperands,
  { kernel, rows, columns, slab, constants, sums: made }: Shape,
): Dispatch {
  const { layout, M, N, K, lda, ldb, ldc, accumulate, alpha = 1 } = spec;
  const { epilogue } = spec;
  if (spec.bias !== (bias !== undefined)) {
    throw new RangeError(
      `Cannot multiply as 'bias' must be ${spec.bias ? "bound" : "absent"}`,
    );
  }
  const edges: Record<string, Constant> = slab === undefined ? {} : {
    EDGES: M % rows !== 0 || N % columns !== 0,
    K_TAIL: K % slab !== 0,
    REDUCE: false,
  };
  const size = (x: Operand) => BYTES[x.tensor.dtype];
  return {
    kernel,
    constants: {
      TRANSPOSED_A: layout === "TN",
      TRANSPOSED_B: layout === "NT",
      ACCUMULATE: accumulate,
      BIAS: spec.bias,
      ...epilogueConstants(epilogue),
      ...edges,
      ...constants,
    },
    params: {
      M,
      N,
      K,
      lda,
      ldb,
      ldc,
      k_part: K,
      alpha: f32(alpha),
      ...epilogueParams(epilogue),
      biased: spec.biased ?? N,
    },
    bindings: {
      A: read(a.tensor, a),
      B: read(b.tensor, b),
      C: accumulate ? readWrite(c.tensor, c) : write(c.tensor, c),
      ...bias ? { bias: read(bias.tensor, bias) } : {},
      ...sideBinding(epilogue, side),
      ...made && sums ? { sums: write(sums) } : {},
    },
    workgroups: [Math.ceil(N / columns), Math.ceil(M / rows), 1],
    flops: 2 * M * N * K,
    bytes: size(a) * M * K + size(b) * K * N +
      (size(c) * (accumulate ? 2 : 1) + (side ? size(side) : 0)) * M * N,
  };
}
