/**
 * What does NormFormer (arXiv 2110.09456) add to a block? Parameters under
 * fairseq's names, and where they act, for the blocks of this folder.
 * @module
 */
import type { SimplifiedModelConfig } from "../../config/mod.ts";
import type { Graph } from "../../graph/graph.ts";
import { scale } from "../../graph/ops/elementwise/scale.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Weights } from "../model.ts";
import {
  applyNorm,
  constant,
  type NormKind,
  normParameters,
} from "../norm_layer.ts";
import type { ParameterSpec } from "../parameters.ts";

/**
 * Parameters of the scales that are switched on in the block at `path`.
 *
 * @param hidden width of the MLP
 */
export function scaleParameters(
  model: SimplifiedModelConfig,
  path: string,
  hidden: number,
): ParameterSpec[] {
  const ones = (name: string, width: number): ParameterSpec => ({
    name: `${path}.${name}`,
    shape: [width],
    init: constant(1),
    trainable: true,
  });
  const D = model.n_embd;
  return [
    ...model.scale_heads ? [ones("c_attn", model.n_head)] : [],
    ...model.scale_resids ? [ones("w_resid", D)] : [],
    ...model.scale_attn
      ? normParameters(model.attn_ln_type, `${path}.attn_ln`, D)
      : [],
    ...model.scale_fc
      ? normParameters(
        model.ffn_layernorm_type,
        `${path}.ffn_layernorm`,
        hidden,
      )
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
  model: SimplifiedModelConfig,
  path: string,
  weights: Weights,
): Scales {
  const normAt = (kind: NormKind, name: string, x: Tensor) =>
    applyNorm(graph, `${path}.${name}`, x, weights, {
      kind,
      eps: model.layer_norm_epsilon,
    });
  const scaleHeads = (x: Tensor, position: string) =>
    model.scale_heads && model.scale_heads_position === position
      ? scale(graph, `${path}.head_scale`, x, weights(`${path}.c_attn`))
      : x;
  return {
    heads: (x) => scaleHeads(x, "before"),
    attention(x) {
      const scaled = scaleHeads(x, "after");
      return model.scale_attn
        ? normAt(model.attn_ln_type, "attn_ln", scaled)
        : scaled;
    },
    hidden: (x) =>
      model.scale_fc ? normAt(model.ffn_layernorm_type, "ffn_layernorm", x) : x,
    skip: (x) =>
      model.scale_resids
        ? scale(graph, `${path}.resid_scale`, x, weights(`${path}.w_resid`))
        : x,
  };
}
