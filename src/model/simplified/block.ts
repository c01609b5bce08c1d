/**
 * What is in a block of "Simplifying Transformer Blocks" (arXiv 2311.01906)?
 * Its parameters under the authors' names, and its equations.
 * @module
 */
import type { SimplifiedModelConfig } from "../../config/mod.ts";
import type { Graph } from "../../graph/graph.ts";
import { attention } from "../../graph/ops/attention/attention.ts";
import { activation } from "../../graph/ops/elementwise/activation.ts";
import {
  applyDropout,
  type Dropout,
  type DropoutStreams,
} from "../../graph/ops/elementwise/dropout.ts";
import { scale } from "../../graph/ops/elementwise/scale.ts";
import {
  type Gain,
  residualSum,
  weightedSum,
} from "../../graph/ops/elementwise/weighted_sum.ts";
import { linear } from "../../graph/ops/matmul/linear.ts";
import { norm } from "../../graph/ops/norm/norm.ts";
import { shaped } from "../../graph/ops/shaped/shaped.ts";
import { shapedDropout } from "../../graph/ops/shaped/shaped_dropout.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Weights } from "../model.ts";
import {
  applyNorm,
  constant,
  type NormKind,
  normParameters,
} from "../norm_layer.ts";
import {
  type JoinedParameters,
  joinParameters,
  type ParameterSpec,
} from "../parameters.ts";
import { scaleParameters, type Scales, scalesOf } from "./normformer_scales.ts";
import {
  applyValueLayer,
  isPlain,
  MATRIX_STD,
  valueParameters,
} from "./value_layer.ts";

/** Soft cap of the scores with `dot_norm_type: tanh`. */
const DOT_CAP = 30;

/**
 * The norm at a site: its own option, or that of all sites. Where the latter is
 * `none`, block 0 still starts with a LayerNorm.
 */
function normKindAt(
  model: SimplifiedModelConfig,
  layer: number,
  site: "ln_1" | "ln_2",
): NormKind {
  const own = site === "ln_1" ? model.ln_1_type : model.ln_2_type;
  if (own !== null) return own;
  if (model.norm_type !== "none") return model.norm_type;
  return layer === 0 && site === "ln_1" ? "ln" : "none";
}

/** Width of the MLP's hidden layer. */
const hiddenWidth = (model: SimplifiedModelConfig): number =>
  Math.floor(model.mlp_width_mult * model.n_embd);

/**
 * The parameters of block `layer`, in the order of the authors' `state_dict`.
 */
export function blockParameters(
  model: SimplifiedModelConfig,
  layer: number,
): ParameterSpec[] {
  const path = `transformer.h.${layer}`, D = model.n_embd;
  const gain = (
    name: string,
    value: number,
    trainable: boolean,
    shape: readonly number[] = [1],
  ): ParameterSpec => ({
    name: `${path}.${name}`,
    shape,
    init: constant(value),
    trainable,
  });
  const matrix = (
    name: string,
    shape: readonly number[],
    deviation: number | readonly number[],
  ): ParameterSpec => ({
    name: `${path}.${name}.weight`,
    shape,
    init: { kind: "normal", std: deviation },
    trainable: true,
  });
  // The authors' code has these biases; they stay 0 and are not trained.
  const deadBias = (name: string, width: number) =>
    gain(`${name}.bias`, 0, false, [width]);
  const perHead = [1, model.n_head, 1, 1];
  const hidden = hiddenWidth(model);
  const attnGains = model.trainable_attn_block_gains;
  const mlpGains = model.trainable_mlp_block_gains;
  const matGains = model.trainable_attn_mat_gains;
  // A parallel block has one skip, and the authors do not train its gain.
  const sequential = !model.parallel_layers;
  const headDim = D / model.n_head;
  return [
    gain("attn_block_resid_gain", model.attn_block_resid_gain, attnGains),
    gain(
      "attn_block_skip_gain",
      model.attn_block_skip_gain,
      attnGains && sequential,
    ),
    gain("mlp_block_resid_gain", model.mlp_block_resid_gain, mlpGains),
    gain(
      "mlp_block_skip_gain",
      model.mlp_block_skip_gain,
      mlpGains && sequential,
    ),
    ...normParameters(normKindAt(model, layer, "ln_1"), `${path}.ln_1`, D),
    ...normParameters(normKindAt(model, layer, "ln_2"), `${path}.ln_2`, D),
    gain(
      "attn.attn_mat_resid_gain",
      model.attn_mat_resid_gain,
      matGains,
      perHead,
    ),
    gain(
      "attn.attn_mat_skip_gain",
      model.attn_mat_skip_gain,
      matGains,
      perHead,
    ),
    gain(
      "attn.centre_attn_gain",
      model.centre_attn_gain,
      matGains && model.centre_attn_gain !== 0,
      perHead,
    ),
    {
      name: `${path}.attn.qk_attn.bias`,
      shape: [2 * D],
      init: constant(0),
      trainable: true,
    },
    matrix("attn.qk_attn", [D, 2 * D], [
      model.query_init_std ?? MATRIX_STD,
      model.key_init_std ?? MATRIX_STD,
    ]),
    ...valueParameters(model, layer, "v_attn"),
    ...valueParameters(model, layer, "c_proj"),
    ...normParameters(model.qk_norm_type, `${path}.attn.q_norm`, headDim),
    ...normParameters(model.qk_norm_type, `${path}.attn.k_norm`, headDim),
    deadBias("mlp.c_fc", hidden),
    matrix("mlp.c_fc", [D, hidden], MATRIX_STD),
    deadBias("mlp.c_proj", D),
    matrix("mlp.c_proj", [hidden, D], model.mlp_proj_init_std ?? MATRIX_STD),
    ...scaleParameters(model, path, hidden),
  ];
}

/**
 * Whether one product makes queries, keys and values: nothing but attention
 * reads them, and they begin on whole vec4s.
 */
const joinsProjections = (model: SimplifiedModelConfig, layer: number) =>
  model.n_embd % 4 === 0 && model.qk_norm_type === "none" &&
  !model.centre_attn && isPlain(model, layer, "v_attn");

/** The matrices of block `layer` that are read as one. */
export function joinedProjections(
  model: SimplifiedModelConfig,
  layer: number,
): JoinedParameters[] {
  if (!joinsProjections(model, layer)) return [];
  const path = `transformer.h.${layer}.attn`;
  const [qk, v] = ["qk_attn", "v_attn"].map((name) => `${path}.${name}.weight`);
  const parts = blockParameters(model, layer)
    .filter(({ name }) => name === qk || name === v);
  return [joinParameters(`${path}.qkv_attn.weight`, parts, true)];
}

/**
 * Block `layer` applied to `x` (`[B·T, D]`).
 *
 * Pre-LN:   h = skip·x + gain·Attn(ln_1 x),  out = skip·h + gain·MLP(ln_2 h)
 * Post-LN:  the skips branch off after the norms instead
 * Parallel: out = skip·x + gain·MLP(ln_1 x) + gain·Attn(ln_1 x)
 *
 * A skip whose configured gain is 0 is left out, even if its gain is trainable.
 * NormFormer's scales, where switched on, end the attention branch and scale
 * the MLP's skip.
 */
export function block(
  graph: Graph,
  model: SimplifiedModelConfig,
  layer: number,
  x: Tensor,
  weights: Weights,
  streams: DropoutStreams,
): Tensor {
  const path = `transformer.h.${layer}`;
  const gain = (name: string, value: number, trainable: boolean): Gain =>
    trainable ? weights(`${path}.${name}`) : value;
  const branchGain = (branch: "attn" | "mlp", kind: "resid" | "skip") =>
    gain(
      `${branch}_block_${kind}_gain`,
      model[`${branch}_block_${kind}_gain`],
      model[`trainable_${branch}_block_gains`] &&
        !(kind === "skip" && model.parallel_layers),
    );
  const attnGain = (kind: "resid" | "skip") => branchGain("attn", kind);
  const mlpGain = (kind: "resid" | "skip") => branchGain("mlp", kind);
  // After a norm in post position, the skip branches off.
  const { residual, activations } = graph.types;
  const normType = model.norm_position === "post" ? residual : activations;
  const normAt = (site: "ln_1" | "ln_2", input: Tensor) =>
    applyNorm(graph, `${path}.${site}`, input, weights, {
      kind: normKindAt(model, layer, site),
      eps: model.layer_norm_epsilon,
    }, normType);
  const scales = scalesOf(graph, model, path, weights);
  const branchDropout = (branch: "attn" | "mlp", input: Tensor) =>
    applyDropout(
      graph,
      `${path}.${branch} dropout`,
      input,
      streams.next(model.resid_pdrop),
    );
  const feedForward = (input: Tensor) =>
    branchDropout(
      "mlp",
      mlp(graph, model, `${path}.mlp`, input, weights, scales),
    );

  const { n, attentionOut } = graph.segment("attention", `${path}.attn`, () => {
    const n = normAt("ln_1", x);
    const out = selfAttention(graph, model, layer, n, weights, scales, streams);
    return { n, attentionOut: branchDropout("attn", scales.attention(out)) };
  });
  if (model.norm_position === "post") x = n;
  if (model.parallel_layers) {
    return residualSum(graph, `${path}.out`, [
      { x: feedForward(n), gain: mlpGain("resid") },
      { x: attentionOut, gain: attnGain("resid") },
      ...model.mlp_block_skip_gain === 0 ? [] : [
        { x: scales.skip(x), gain: mlpGain("skip") },
      ],
    ]);
  }
  const h = residualSum(graph, `${path}.mid`, [
    { x: attentionOut, gain: attnGain("resid") },
    ...model.attn_block_skip_gain === 0 ? [] : [{ x, gain: attnGain("skip") }],
  ]);
  const n2 = normAt("ln_2", h);
  const skip = model.norm_position === "post" ? n2 : h;
  return residualSum(graph, `${path}.out`, [
    { x: feedForward(n2), gain: mlpGain("resid") },
    ...model.mlp_block_skip_gain === 0
      ? []
      : [{ x: scales.skip(skip), gain: mlpGain("skip") }],
  ]);
}

function selfAttention(
  graph: Graph,
  model: SimplifiedModelConfig,
  layer: number,
  x: Tensor,
  weights: Weights,
  scales: Scales,
  streams: DropoutStreams,
): Tensor {
  const path = `transformer.h.${layer}.attn`;
  const heads = model.n_head, headDim = model.n_embd / heads;
  const joins = joinsProjections(model, layer);
  // The bias is that of queries and keys alone.
  let qk = linear(
    graph,
    joins ? `${path}.qkv_attn` : `${path}.qk_attn`,
    x,
    weights(joins ? `${path}.qkv_attn.weight` : `${path}.qk_attn.weight`),
    weights(`${path}.qk_attn.bias`),
    joins ? "out_in" : "in_out",
  );
  const kind = model.qk_norm_type;
  if (kind !== "none") {
    const [scale, bias] = kind === "ln" ? ["weight", "bias"] : ["scale"];
    const parameters = ["q_norm", "k_norm"].map((site) => ({
      scale: weights(`${path}.${site}.${scale}`),
      bias: bias ? weights(`${path}.${site}.${bias}`) : undefined,
    }));
    const eps = model.layer_norm_epsilon;
    qk = norm(graph, `${path}.qk_norm`, qk, parameters, { kind, eps, heads });
  }
  const v = joins
    ? undefined
    : applyValueLayer(graph, model, layer, "v_attn", x, weights);
  const dropout = streams.next(model.attn_pdrop);
  const a = attention(graph, `${path}.attend`, v ? { qk, v } : { qkv: qk }, {
    sequenceLength: model.context_length,
    heads,
    headDim,
    cap: model.dot_norm_type === "tanh" ? DOT_CAP : 0,
  }, dropout);
  const o = scales.heads(
    applyAttentionGains(graph, model, path, a, v, weights, dropout),
  );
  return applyValueLayer(graph, model, layer, "c_proj", o, weights);
}

/** Applies gains, identity and centring, which reads `v`, to `a = A v`. */
function applyAttentionGains(
  graph: Graph,
  model: SimplifiedModelConfig,
  path: string,
  a: Tensor,
  v: Tensor | undefined,
  weights: Weights,
  dropout?: Dropout,
): Tensor {
  const trainable = model.trainable_attn_mat_gains;
  const gain = (name: "attn_mat_resid_gain" | "attn_mat_skip_gain") =>
    trainable ? weights(`${path}.${name}`) : model[name];
  const resid = gain("attn_mat_resid_gain");
  if (model.centre_attn && v) {
    const gains = {
      resid,
      skip: gain("attn_mat_skip_gain"),
      // A centring gain of 0 is not trained.
      centre: trainable && model.centre_attn_gain !== 0
        ? weights(`${path}.centre_attn_gain`)
        : model.centre_attn_gain,
    };
    const sequenceLength = model.context_length;
    const headDim = model.n_embd / model.n_head;
    const name = `${path}.shaped`;
    return dropout
      ? shapedDropout(graph, name, a, v, gains, {
        sequenceLength,
        headDim,
        dropout,
      })
      : shaped(graph, name, a, v, gains, { sequenceLength, headDim });
  }
  return typeof resid === "number"
    ? weightedSum(graph, `${path}.gain`, [{ x: a, gain: resid }])
    : scale(graph, `${path}.gain`, a, resid);
}

function mlp(
  graph: Graph,
  model: SimplifiedModelConfig,
  path: string,
  x: Tensor,
  weights: Weights,
  scales: Scales,
): Tensor {
  const layer = (name: string, input: Tensor) =>
    linear(
      graph,
      `${path}.${name}`,
      input,
      weights(`${path}.${name}.weight`),
      undefined,
      "in_out",
    );
  const hidden = activation(
    graph,
    `${path}.act`,
    layer("c_fc", x),
    model.activation_function,
    model.lrelu_neg_slope,
  );
  return layer("c_proj", scales.hidden(hidden));
}
