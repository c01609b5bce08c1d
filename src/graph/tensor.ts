/**
 * A tensor of the symbolic graph: a shape and where it comes from, no data.
 * @module
 */
import type { Node } from "./graph.ts";

/** Element types. */
export type DType = "f32" | "u32" | "f16";

/** Bytes of one element. */
export const BYTES: Record<DType, number> = { f32: 4, u32: 4, f16: 2 };

/** What a tensor's storage is, as seen by the plan. */
export type Role =
  /** Lives between its producer and its last consumer; storage is reused. */
  | "transient"
  /** Filled from outside before the plan runs (tokens, scalars). */
  | "input"
  /**
   * A trainable weight, its gradient, or optimizer state: lives for the whole
   * run.
   */
  | "persistent";

/** A symbolic, row-major, contiguous tensor. */
export interface Tensor {
  readonly id: number;
  /** For messages and listings: `h.3.mlp.fc`, a parameter's name, … */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly role: Role;
  /** The node that makes it; absent for inputs and persistent tensors. */
  node?: Node;
  /**
   * The weight of which this is a copy in another type. Gradients belong to
   * the weight.
   */
  readonly master?: Tensor;
}

/** Numbers that were stored as `dtype`. */
export const decodeFloats = (
  data: ArrayBuffer,
  dtype: DType,
): Float32Array<ArrayBuffer> =>
  dtype === "f16"
    ? Float32Array.from(new Float16Array(data))
    : new Float32Array(data);

/** Types of numbers that a tensor may be stored in. */
export type FloatType = Exclude<DType, "u32">;

/**
 * Number of elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { bytes, count } from "./tensor.ts";
 *
 * const tensor = { shape: [2, 3], dtype: "f32" } as const;
 * assertEquals(count(tensor), 6);
 * assertEquals(bytes(tensor), 24);
 * ```
 */
export const count = (t: { readonly shape: readonly number[] }): number =>
  t.shape.reduce((a, b) => a * b, 1);

/** Bytes of storage. */
export const bytes = (
  t: { readonly shape: readonly number[]; readonly dtype: DType },
): number => count(t) * BYTES[t.dtype];
