/**
 * A norm as a layer of a model: its parameters under the published names, and
 * the node that applies it. Both families use it.
 * @module
 */
import type { Graph } from "../graph/graph.ts";
import { norm } from "../graph/ops/norm/norm.ts";
import type { FloatType, Tensor } from "../graph/tensor.ts";
import type { Weights } from "./model.ts";
import type { Init, ParameterSpec } from "./parameters.ts";

/** LayerNorm, RMSNorm, or no norm. */
export type NormKind = "ln" | "rmsnorm" | "none";

/** One value in every element. */
export const constant = (value: number): Init => ({ kind: "constant", value });

/**
 * Parameters of a norm over rows of `width` elements, `[width]` each: `weight`
 * (1) and `bias` (0) for LayerNorm, `scale` (1) for RMSNorm.
 */
export function normParameters(
  kind: NormKind,
  path: string,
  width: number,
): ParameterSpec[] {
  const names = { ln: ["weight", "bias"], rmsnorm: ["scale"], none: [] }[kind];
  return names.map((name) => ({
    name: `${path}.${name}`,
    shape: [width],
    init: constant(name === "bias" ? 0 : 1),
    trainable: true,
  }));
}

/**
 * Applies the norm of kind `kind` at `path` to each row of `x`; `none` returns
 * its input.
 *
 * @param eps added to the variance, or to the mean square
 * @param dtype of the result: by default that of activations
 */
export function applyNorm(
  graph: Graph,
  path: string,
  x: Tensor,
  weights: Weights,
  { kind, eps }: { kind: NormKind; eps: number },
  dtype: FloatType = graph.types.activations,
): Tensor {
  if (kind === "none") return x;
  const parameters = kind === "ln"
    ? { scale: weights(`${path}.weight`), bias: weights(`${path}.bias`) }
    : { scale: weights(`${path}.scale`) };
  return norm(graph, path, x, [parameters], { kind, eps, heads: 1 }, dtype);
}
