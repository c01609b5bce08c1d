/**
 * fairseq's decoder with NormFormer's additions in float64, written after the
 * definitions in `tests/golden/README.md`.
 * @module
 */
import type { FairseqModelConfig } from "../../src/config/mod.ts";
import { activations } from "../reference/activation.ts";
import { attention } from "../reference/attention.ts";
import { embed } from "../reference/embed.ts";
import {
  crossEntropy,
  dense,
  type Drops,
  type Loss,
  normed,
  scaled,
  sum,
  type Values,
} from "./_parts.ts";

/** The model's loss, on batches in which no token is `padding_idx`. */
export function fairseqLoss(model: FairseqModelConfig): Loss {
  const D = model.decoder_embed_dim, T = model.tokens_per_sample;
  const first = model.padding_idx === null ? 0 : model.padding_idx + 1;
  return (values, batch, drops) => {
    const table = values("decoder.embed_tokens.weight");
    const name = model.decoder_learned_pos ? "weight" : "weights";
    const positions = model.no_token_positional_embeddings
      ? undefined
      : values(`decoder.embed_positions.${name}`);
    const scale = model.no_scale_embedding ? 1 : Math.sqrt(D);
    let x = embed(batch.tokens, table, positions, { T, D, first, scale });
    if (model.layernorm_embedding) {
      x = normed(values, "decoder.layernorm_embedding", x, "ln");
    }
    x = drops.flat(x, model.dropout);
    for (let i = 0; i < model.decoder_layers; i++) {
      x = layer(model, i, x, values, drops);
    }
    // After the skips of the last layer there is a norm already.
    if (model.decoder_normalize_before && !model.no_decoder_final_norm) {
      x = normed(values, "decoder.layer_norm", x, "ln");
    }
    const head = model.share_decoder_input_output_embed
      ? table
      : values("decoder.output_projection.weight");
    return crossEntropy(x, head, D, batch);
  };
}

function layer(
  model: FairseqModelConfig,
  i: number,
  x: Float64Array,
  values: Values,
  drops: Drops,
): Float64Array {
  const path = `decoder.layers.${i}`, pre = model.decoder_normalize_before;
  const w = (name: string) => values(`${path}.${name}`);
  const norm = (name: string, input: Float64Array, kind = "ln" as const) =>
    normed(values, `${path}.${name}`, input, kind);
  const project = (name: string, input: Float64Array, I: number) =>
    dense(input, I, w(`${name}.weight`), w(`${name}.bias`), true);
  const D = model.decoder_embed_dim, H = model.decoder_attention_heads;
  const T = model.tokens_per_sample;

  const n = pre ? norm("self_attn_layer_norm", x) : x;
  const [q, k, v] = ["q", "k", "v"].map((name) => {
    const projected = project(`self_attn.${name}_proj`, n, D);
    if (name === "v") return projected;
    const at = `${path}.self_attn.${name}_norm`;
    return normed(values, at, projected, model.qk_norm_type);
  });
  const mask = drops.matrix(model.attention_dropout, T);
  const shape = { B: x.length / D / T, T, H, d: D / H, cap: 0, mask };
  let a = attention(q, k, v, shape);
  const heads = (position: string) => {
    if (model.scale_heads && model.scale_heads_position === position) {
      a = scaled(a, w("c_attn"), D);
    }
  };
  heads("before");
  a = project("self_attn.out_proj", a, D);
  heads("after");
  if (model.scale_attn) {
    a = normed(values, `${path}.attn_ln`, a, model.attn_ln_type);
  }
  let h: Float64Array = sum([1, drops.flat(a, model.dropout)], [1, x]);
  if (!pre) h = norm("self_attn_layer_norm", h);

  const { f } = activations[model.activation_fn];
  let hidden: Float64Array = project(
    "fc1",
    pre ? norm("final_layer_norm", h) : h,
    D,
  )
    .map((value) => f(value, 0));
  hidden = drops.flat(hidden, model.activation_dropout);
  if (model.scale_fc) {
    const kind = model.ffn_layernorm_type;
    hidden = normed(values, `${path}.ffn_layernorm`, hidden, kind);
  }
  const out = project("fc2", hidden, model.decoder_ffn_embed_dim);
  const skip = model.scale_resids ? scaled(h, w("w_resid"), D) : h;
  const sums = sum([1, drops.flat(out, model.dropout)], [1, skip]);
  return pre ? sums : norm("final_layer_norm", sums);
}
