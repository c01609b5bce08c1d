/**
 * Which parameters does a layer of fairseq's decoder have, and which does it
 * read as one?
 * @module
 */
import type { FairseqModelConfig } from "../../config/mod.ts";
import { constant, normParameters } from "../norm_layer.ts";
import {
  type Init,
  type JoinedParameters,
  joinParameters,
  type ParameterSpec,
} from "../parameters.ts";

/** A trainable parameter. */
export const parameter = (
  name: string,
  shape: readonly number[],
  init: Init,
): ParameterSpec => ({ name, shape, init, trainable: true });

/** `nn.Linear`'s default initial values: uniform within ±1/√inputs. */
const linearDefault = (
  name: string,
  outputs: number,
  inputs: number,
): ParameterSpec[] => {
  const init: Init = { kind: "uniform", bound: 1 / Math.sqrt(inputs) };
  return [
    parameter(`${name}.weight`, [outputs, inputs], init),
    parameter(`${name}.bias`, [outputs], init),
  ];
};

/** Xavier-uniform weight, as in fairseq's attention; the bias as given. */
const xavier = (name: string, D: number, gain: number, bias: Init) => [
  parameter(`${name}.weight`, [D, D], {
    kind: "uniform",
    bound: gain * Math.sqrt(6 / (D + D)),
  }),
  parameter(`${name}.bias`, [D], bias),
];

/** The parameters of layer `i`, in fairseq's order. */
export function layerParameters(
  config: FairseqModelConfig,
  i: number,
): ParameterSpec[] {
  const D = config.decoder_embed_dim, F = config.decoder_ffn_embed_dim;
  const path = `decoder.layers.${i}`, heads = config.decoder_attention_heads;
  // Projections to heads: gain 1/√2, and nn.Linear's bias.
  const toHeads = (name: string) =>
    xavier(`${path}.self_attn.${name}`, D, Math.SQRT1_2, {
      kind: "uniform",
      bound: 1 / Math.sqrt(D),
    });
  const headNorm = (name: string): ParameterSpec[] => {
    const names = { none: [], rmsnorm: ["scale"], ln: ["weight", "bias"] };
    return names[config.qk_norm_type].map((part) =>
      parameter(
        `${path}.self_attn.${name}.${part}`,
        [D / heads],
        constant(part === "bias" ? 0 : 1),
      )
    );
  };
  return [
    ...config.scale_heads
      ? [parameter(`${path}.c_attn`, [heads], constant(1))]
      : [],
    ...config.scale_resids
      ? [parameter(`${path}.w_resid`, [D], constant(1))]
      : [],
    ...toHeads("k_proj"),
    ...toHeads("v_proj"),
    ...toHeads("q_proj"),
    ...xavier(`${path}.self_attn.out_proj`, D, 1, constant(0)),
    ...headNorm("q_norm"),
    ...headNorm("k_norm"),
    ...config.scale_attn
      ? normParameters(config.attn_ln_type, `${path}.attn_ln`, D)
      : [],
    ...normParameters("ln", `${path}.self_attn_layer_norm`, D),
    ...config.scale_fc
      ? normParameters(config.ffn_layernorm_type, `${path}.ffn_layernorm`, F)
      : [],
    ...linearDefault(`${path}.fc1`, F, D),
    ...linearDefault(`${path}.fc2`, D, F),
    ...normParameters("ln", `${path}.final_layer_norm`, D),
  ];
}

/**
 * Whether one product makes queries, keys and values: nothing but attention
 * reads them, and they begin on whole vec4s.
 */
export const joinsProjections = (config: FairseqModelConfig) =>
  config.decoder_embed_dim % 4 === 0 && config.qk_norm_type === "none";

/** Weights and biases of layer `i` that are read as one. */
export function joinedProjections(
  config: FairseqModelConfig,
  i: number,
): JoinedParameters[] {
  if (!joinsProjections(config)) return [];
  const path = `decoder.layers.${i}.self_attn`;
  const known = new Map(layerParameters(config, i).map((p) => [p.name, p]));
  return ["weight", "bias"].map((kind) =>
    joinParameters(
      `${path}.qkv_proj.${kind}`,
      ["q", "k", "v"].map((name) => known.get(`${path}.${name}_proj.${kind}`)!),
    )
  );
}
