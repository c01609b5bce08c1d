/**
 * What does NormFormer (arXiv 2110.09456) add to a block? Parameters under
 * fairseq's names, and where they act, for the blocks of this folder.
 * @module
 */
import type { ModelConfig } from "../../config/mod.ts";
import type { Graph } from "../../graph/graph.ts";
import { scale } from "../../graph/ops/elementwise/scale.ts";
import { norm } from "../../graph/ops/norm/norm.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Weights } from "../model.ts";
import type { ParameterSpec } from "../parameters.ts";

/**
 * Parameters of the scales that are switched on in the block at `path`.
 *
 * @param hidden width of the MLP
 */
export function scaleParameters(
  model: ModelConfig,
  path: string,
  hidden: number,
): ParameterSpec[] {
  const constant = (
    name: string,
    width: number,
    value: number,
  ): ParameterSpec => ({
    name: `${path}.${name}`,
    shape: [width],
    init: { kind: "constant", value },
    trainable: true,
  });
  const norm = (kind: "ln" | "rmsnorm", name: string, width: number) =>
    kind === "rmsnorm" ? [constant(`${name}.scale`, width, 1)] : [
      constant(`${name}.weight`, width, 1),
      constant(`${name}.bias`, width, 0),
    ];
  const D = model.n_embd;
  return [
    ...model.scale_heads ? [constant("c_attn", model.n_head, 1)] : [],
    ...model.scale_resids ? [constant("w_resid", D, 1)] : [],
    ...model.scale_attn ? norm(model.attn_ln_type, "attn_ln", D) : [],
    ...model.scale_fc
      ? norm(model.ffn_layernorm_type, "ffn_layernorm", hidden)
      : [],
  ];
}

/**
 * NormFormer's additions to a block; each returns its input where it is off.
 */
export interface Scales {
  /** Scales each head's output, before the projection. */
  heads(x: Tensor): Tensor;
  /**
   * Scales slices of the projected attention output per head, then applies a
   * norm.
   */
  attention(x: Tensor): Tensor;
  /** Applies a norm to the MLP's hidden layer, after the activation. */
  hidden(x: Tensor): Tensor;
  /** Scales the skip around the MLP per channel. */
  skip(x: Tensor): Tensor;
}

/** The additions of the block at `path`. */
export function scalesOf(
  graph: Graph,
  model: ModelConfig,
  path: string,
  weights: Weights,
): Scales {
  const normed = (kind: "ln" | "rmsnorm", name: string, x: Tensor) => {
    const at = `${path}.${name}`;
    const parameters = kind === "ln"
      ? { scale: weights(`${at}.weight`), bias: weights(`${at}.bias`) }
      : { scale: weights(`${at}.scale`) };
    const eps = model.layer_norm_epsilon;
    return norm(graph, at, x, [parameters], { kind, eps, heads: 1 });
  };
  const scaleHeads = (x: Tensor, position: string) =>
    model.scale_heads && model.scale_heads_position === position
      ? scale(graph, `${path}.head_scale`, x, weights(`${path}.c_attn`))
      : x;
  return {
    heads: (x) => scaleHeads(x, "before"),
    attention(x) {
      const scaled = scaleHeads(x, "after");
      return model.scale_attn
        ? normed(model.attn_ln_type, "attn_ln", scaled)
        : scaled;
    },
    hidden: (x) =>
      model.scale_fc ? normed(model.ffn_layernorm_type, "ffn_layernorm", x) : x,
    skip: (x) =>
      model.scale_resids
        ? scale(graph, `${path}.resid_scale`, x, weights(`${path}.w_resid`))
        : x,
  };
}
