/**
 * What is fairseq's `transformer_lm_gpt` with NormFormer's extra norms and
 * scales (arXiv 2110.09456)? Its parameters under fairseq's names, and its
 * equations.
 * @module
 */
import type { FairseqModelConfig } from "../../config/mod.ts";
import type { Graph } from "../../graph/graph.ts";
import { attention } from "../../graph/ops/attention/attention.ts";
import { activation } from "../../graph/ops/elementwise/activation.ts";
import {
  applyDropout,
  DropoutStreams,
} from "../../graph/ops/elementwise/dropout.ts";
import { scale } from "../../graph/ops/elementwise/scale.ts";
import { residualSum } from "../../graph/ops/elementwise/weighted_sum.ts";
import { embed } from "../../graph/ops/embedding/embedding.ts";
import { linear } from "../../graph/ops/matmul/linear.ts";
import { norm } from "../../graph/ops/norm/norm.ts";
import type { Tensor } from "../../graph/tensor.ts";
import {
  type FixedTensor,
  type Model,
  type Weights,
  weightsOf,
} from "../model.ts";
import { applyNorm, type NormKind, normParameters } from "../norm_layer.ts";
import {
  joinedProjections,
  joinsProjections,
  layerParameters,
  parameter,
} from "./layer_parameters.ts";
import { sinusoids } from "./sinusoids.ts";

const EPSILON = 1e-5;

/** The norms that fairseq itself has. */
const LAYER_NORM = { kind: "ln", eps: EPSILON } as const;

/**
 * The model that fairseq's options describe. Positions start at
 * `padding_idx` + 1; without a padding token, at 0.
 *
 * @param config with `vocab_size` set
 */
export function fairseqDecoder(
  config: FairseqModelConfig & { vocab_size: number },
): Model {
  const D = config.decoder_embed_dim, T = config.tokens_per_sample;
  const padding = config.padding_idx ?? undefined;
  const first = padding === undefined ? 0 : padding + 1, rows = T + first;
  const embedding = (name: string, rows: number) =>
    parameter(`decoder.${name}.weight`, [rows, D], {
      kind: "normal",
      std: D ** -0.5,
      zeroRow: padding,
    });
  const positional = !config.no_token_positional_embeddings;
  const learned = positional && config.decoder_learned_pos;
  // fairseq has no final norm where every layer ends with one.
  const finalNorm = config.decoder_normalize_before &&
    !config.no_decoder_final_norm;
  const fixed: FixedTensor[] = positional && !learned
    ? [{
      name: "decoder.embed_positions.weights",
      shape: [rows, D],
      values: () => sinusoids(rows, D, padding),
      saved: false,
    }]
    : [];
  const parameters = [
    embedding("embed_tokens", config.vocab_size),
    ...learned ? [embedding("embed_positions", rows)] : [],
    ...config.layernorm_embedding
      ? normParameters("ln", "decoder.layernorm_embedding", D)
      : [],
    ...Array.from(
      { length: config.decoder_layers },
      (_, i) => layerParameters(config, i),
    ).flat(),
    ...finalNorm ? normParameters("ln", "decoder.layer_norm", D) : [],
    ...config.share_decoder_input_output_embed ? [] : [
      parameter("decoder.output_projection.weight", [config.vocab_size, D], {
        kind: "normal",
        std: D ** -0.5,
      }),
    ],
  ];
  const joined = Array.from(
    { length: config.decoder_layers },
    (_, i) => joinedProjections(config, i),
  ).flat();
  const tied = config.share_decoder_input_output_embed;
  return {
    parameters,
    joined,
    fixed,
    tied: tied
      ? { "decoder.output_projection.weight": "decoder.embed_tokens.weight" }
      : {},
    // Below version 3 fairseq drops the final norm on loading.
    markers: [{ name: "decoder.version", shape: [1], value: 3 }],
    vocabSize: config.vocab_size,
    sequenceLength: T,
    head: tied
      ? "decoder.embed_tokens.weight"
      : "decoder.output_projection.weight",
    forward(graph, { random, ...inputs }) {
      const weights = weightsOf(graph, [...parameters, ...joined, ...fixed]);
      const streams = new DropoutStreams(random);
      const positions = learned
        ? weights("decoder.embed_positions.weight")
        : positional
        ? weights("decoder.embed_positions.weights")
        : undefined;
      let x = embed(graph, "embedding", {
        ...inputs,
        table: weights("decoder.embed_tokens.weight"),
        positions,
      }, {
        sequenceLength: T,
        firstPosition: first,
        scale: config.no_scale_embedding ? 1 : Math.sqrt(D),
        paddingToken: padding,
      });
      if (config.layernorm_embedding) {
        x = applyNorm(
          graph,
          "decoder.layernorm_embedding",
          x,
          weights,
          LAYER_NORM,
          graph.types.residual,
        );
      }
      x = applyDropout(
        graph,
        "embedding dropout",
        x,
        streams.next(config.dropout),
      );
      const hidden = [x];
      for (let i = 0; i < config.decoder_layers; i++) {
        hidden.push(graph.segment(
          "block",
          `decoder.layers.${i}`,
          () => layer(graph, config, i, hidden[i], weights, streams),
        ));
      }
      const last = hidden[config.decoder_layers];
      const final = finalNorm
        ? applyNorm(graph, "decoder.layer_norm", last, weights, LAYER_NORM)
        : last;
      return { hidden, final };
    },
  };
}

/** What the layers' branches are made of, by their names in layer `i`. */
function partsOf(
  graph: Graph,
  config: FairseqModelConfig,
  i: number,
  weights: Weights,
  streams: DropoutStreams,
) {
  const path = `decoder.layers.${i}`;
  const apply = (name: string, input: Tensor, kind?: NormKind) =>
    applyNorm(graph, `${path}.${name}`, input, weights, {
      kind: kind ?? "ln",
      eps: EPSILON,
    });
  // Post-norm, the residual stream is what a norm makes.
  const normStream = (name: string, input: Tensor) =>
    applyNorm(
      graph,
      `${path}.${name}`,
      input,
      weights,
      LAYER_NORM,
      graph.types.residual,
    );
  const project = (name: string, input: Tensor) =>
    linear(
      graph,
      `${path}.${name}`,
      input,
      weights(`${path}.${name}.weight`),
      weights(`${path}.${name}.bias`),
      "out_in",
    );

  const dropoutAfter = (name: string, input: Tensor, rate: number) =>
    applyDropout(graph, `${path}.${name} dropout`, input, streams.next(rate));
  return {
    path,
    pre: config.decoder_normalize_before,
    apply,
    normStream,
    project,
    dropoutAfter,
  };
}

/** The attention branch, from the norm before it to the sum after it. */
function selfAttention(
  graph: Graph,
  config: FairseqModelConfig,
  i: number,
  x: Tensor,
  weights: Weights,
  streams: DropoutStreams,
): Tensor {
  const parts = partsOf(graph, config, i, weights, streams);
  const { path, pre, apply, project } = parts;
  const heads = config.decoder_attention_heads;
  const n = pre ? apply("self_attn_layer_norm", x) : x;
  const kind = config.qk_norm_type;
  const perHead = (name: string, input: Tensor) => {
    if (kind === "none") return input;
    const at = `${path}.self_attn.${name}`;
    const parameters = kind === "ln"
      ? { scale: weights(`${at}.weight`), bias: weights(`${at}.bias`) }
      : { scale: weights(`${at}.scale`) };
    return norm(graph, at, input, [parameters], { kind, eps: EPSILON, heads });
  };
  const projections = () => {
    if (joinsProjections(config)) {
      return { qkv: project("self_attn.qkv_proj", n) };
    }
    const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((name) =>
      project(`self_attn.${name}`, n)
    );
    return { q: perHead("q_norm", q), k: perHead("k_norm", k), v };
  };
  const scaleHeads = (position: string, input: Tensor) =>
    config.scale_heads && config.scale_heads_position === position
      ? scale(graph, `${path}.head_scale`, input, weights(`${path}.c_attn`))
      : input;
  const name = `${path}.self_attn.attend`;
  let attentionOut = attention(graph, name, projections(), {
    sequenceLength: config.tokens_per_sample,
    heads,
    headDim: config.decoder_embed_dim / heads,
    cap: 0,
  }, streams.next(config.attention_dropout));
  // The paper scales heads; fairseq's code scales slices of the projected
  // output.
  attentionOut = scaleHeads("before", attentionOut);
  attentionOut = scaleHeads(
    "after",
    project("self_attn.out_proj", attentionOut),
  );
  if (config.scale_attn) {
    attentionOut = apply("attn_ln", attentionOut, config.attn_ln_type);
  }
  return parts.dropoutAfter("attended", attentionOut, config.dropout);
}

/**
 * One decoder layer, pre-norm as in GPT (post-norm without
 * `decoder_normalize_before`), with NormFormer's four additions where on:
 *
 *   h   = x + LN(HeadScale(Attention(LN(x))))
 *   out = w_resid · h + fc2(LN(f(fc1(LN(h)))))
 */
function layer(
  graph: Graph,
  config: FairseqModelConfig,
  i: number,
  x: Tensor,
  weights: Weights,
  streams: DropoutStreams,
): Tensor {
  const parts = partsOf(graph, config, i, weights, streams);
  const { path, pre, apply, normStream, project, dropoutAfter } = parts;
  const attentionOut = graph.segment(
    "attention",
    `${path}.self_attn`,
    () => selfAttention(graph, config, i, x, weights, streams),
  );
  let h = residualSum(graph, `${path}.mid`, [
    { x: attentionOut, gain: 1 },
    { x, gain: 1 },
  ]);
  if (!pre) h = normStream("self_attn_layer_norm", h);

  let hidden = project("fc1", pre ? apply("final_layer_norm", h) : h);
  hidden = activation(graph, `${path}.act`, hidden, config.activation_fn);
  hidden = dropoutAfter("act", hidden, config.activation_dropout);
  if (config.scale_fc) {
    hidden = apply("ffn_layernorm", hidden, config.ffn_layernorm_type);
  }
  const skip = config.scale_resids
    ? scale(graph, `${path}.resid_scale`, h, weights(`${path}.w_resid`))
    : h;
  const out = residualSum(graph, `${path}.out`, [
    { x: dropoutAfter("fc2", project("fc2", hidden), config.dropout), gain: 1 },
    { x: skip, gain: 1 },
  ]);
  return pre ? out : normStream("final_layer_norm", out);
}
