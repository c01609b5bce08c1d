/**
 * Matrix products of tensors of any size, cut to what the device can bind.
 * @module
 */
import {
  type AdapterLimits,
  chosenLater,
  type Dispatch,
} from "../../dispatch.ts";
import { scratchTensor } from "../../graph.ts";
import { BYTES, count, type Tensor } from "../../tensor.ts";
import { type Epilogue, epilogueName } from "./epilogue.ts";
import {
  type MatmulSpec,
  matmulVariants,
  type Operand,
  type Variant,
} from "./matmul_kernels.ts";

/**
 * A matrix inside a tensor: its pitch (elements from row to row) and first
 * element.
 */
export interface Matrix {
  tensor: Tensor;
  pitch: number;
  /** First element; a multiple of 128 so that bindings stay aligned. */
  start?: number;
}

/**
 * `C (+)= alpha · op(A) · op(B) [+ bias]`; see {@linkcode MatmulSpec} for the
 * layouts.
 */
export interface Product {
  layout: MatmulSpec["layout"];
  M: number;
  N: number;
  K: number;
  a: Matrix;
  b: Matrix;
  c: Matrix;
  /** Of all columns, or of the first ones. */
  bias?: Tensor | undefined;
  accumulate: boolean;
  epilogue?: Epilogue | undefined;
  /** The epilogue's other matrix, of the pitch of `c`. */
  side?: Tensor | undefined;
  /** See {@linkcode MatmulSpec.sums}; for products that are not cut. */
  sums?: { of: "A" | "B"; into: Tensor } | undefined;
}

/**
 * The dispatches of one product. Usually one, with a choice of kernels; several
 * where an operand is larger than a binding, cut along M, N or K as the layout
 * allows.
 */
export function matmul(product: Product, limits: AdapterLimits): Dispatch[] {
  const { layout, M, N, K, a, b, c, bias, side } = product;
  const rows = ({ tensor, pitch }: Matrix) =>
    Math.floor(limits.maxBindingBytes / BYTES[tensor.dtype] / pitch);
  const most = Math.min(
    rows(c),
    side ? rows({ tensor: side, pitch: c.pitch }) : Infinity,
  );
  const steps = layout === "TN"
    ? { m: most, n: N, k: Math.min(rows(a), rows(b)) }
    : layout === "NT"
    ? { m: Math.min(rows(a), most), n: rows(b), k: K }
    : { m: Math.min(rows(a), most), n: N, k: rows(b) };
  const types = [a.tensor, b.tensor, c.tensor, ...side ? [side] : []]
    .map(({ dtype }) => dtype);
  const unit = limits.offsetAlignment / Math.min(...types.map((t) => BYTES[t]));
  // A kept result is of C's type, and no reason for another kernel.
  const named = product.epilogue?.kind === "activation"
    ? types.slice(0, 3)
    : types;
  const stored = named.includes("f16") ? ` ${named}` : "";
  const biased = bias ? count(bias) : 0;
  const out: Dispatch[] = [];
  for (const m of cuts(M, steps.m, unit)) {
    for (const n of cuts(N, steps.n, unit)) {
      for (const k of cuts(K, steps.k, unit)) {
        const last = k.start + k.count === K;
        const epilogue = last ? product.epilogue : undefined;
        const spec: MatmulSpec = {
          layout,
          M: m.count,
          N: n.count,
          K: k.count,
          lda: a.pitch,
          ldb: b.pitch,
          ldc: c.pitch,
          accumulate: product.accumulate || k.start > 0,
          bias: k.start === 0 && n.start < biased,
          biased: Math.max(0, Math.min(n.count, biased - n.start)),
          epilogue,
          sums: product.sums?.of,
        };
        const variants = matmulVariants(spec, limits);
        const bindings = {
          a: layout === "TN" ? block(a, k, m) : block(a, m, k),
          b: layout === "NT" ? block(b, n, k) : block(b, k, n),
          c: block(c, m, n),
          bias: spec.bias
            ? block({ tensor: bias!, pitch: biased }, ONE, {
              start: n.start,
              count: spec.biased!,
            })
            : undefined,
          side: epilogue && side
            ? block({ tensor: side, pitch: c.pitch }, m, n)
            : undefined,
          sums: product.sums?.into,
          scratch: scratchFor(variants),
        };
        const choices = variants.map((variant) => ({
          name: variant.name,
          dispatches: variant.dispatches(spec, bindings),
        }));
        const flags = (spec.accumulate ? "+" : "") + (spec.bias ? "b" : "") +
          (spec.sums ? "s" : "");
        const size = `${spec.M}x${spec.N}x${spec.K}`;
        const key = `matmul ${layout}${flags} ${size}${stored}`;
        const named = key + epilogueName(epilogue);
        out.push(chosenLater(named, choices, limits.software));
      }
    }
  }
  return out;
}

/** Room for the variant that needs the most. */
function scratchFor(variants: readonly Variant[]): Tensor | undefined {
  const most = Math.max(...variants.map((v) => v.scratch ?? 0));
  return most > 0 ? scratchTensor("parts of a product", [most]) : undefined;
}

/** Rows of the largest tile; a multiple of every unit that bindings need. */
const LARGEST_TILE = 128;

interface Cut {
  start: number;
  count: number;
}

const ONE: Cut = { start: 0, count: 1 };

/**
 * Cuts `size` into stretches of at most `step`, on multiples of `unit`, so that
 * bindings are aligned, and on whole tiles where they fit.
 *
 * @throws {RangeError} if `unit` rows do not fit one binding
 */
function cuts(size: number, step: number, unit: number): Cut[] {
  if (step >= size) return [{ start: 0, count: size }];
  const whole = step - step % (step < LARGEST_TILE ? unit : LARGEST_TILE);
  const out: Cut[] = [];
  if (whole === 0) {
    throw new RangeError(
      `Cannot multiply as ${unit} rows of a matrix must fit one storage binding of this adapter: ${step} do`,
    );
  }
  for (let start = 0; start < size; start += whole) {
    out.push({ start, count: Math.min(whole, size - start) });
  }
  return out;
}

/** Rows × columns of a matrix as bytes of its tensor. */
function block(
  m: Matrix,
  rows: Cut,
  columns: Cut,
): Operand {
  const start = (m.start ?? 0) + rows.start * m.pitch + columns.start;
  const elements = (rows.count - 1) * m.pitch + columns.count;
  return {
    tensor: m.tensor,
    offset: BYTES[m.tensor.dtype] * start,
    size: Math.ceil(elements / 4) * 4 * BYTES[m.tensor.dtype],
  };
}
