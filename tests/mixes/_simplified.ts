/**
 * "Simplifying Transformer Blocks" in float64, written after the definitions in
 * `tests/golden/README.md`.
 * @module
 */
import type { FullConfig } from "../helpers/model_config.ts";
import { activations } from "../reference/activation.ts";
import { attention } from "../reference/attention.ts";
import { embed } from "../reference/embed.ts";
import {
  columns,
  crossEntropy,
  dense,
  type Drops,
  type Loss,
  normed,
  scaled,
  sum,
  type Values,
} from "./_parts.ts";

/** The model's loss. */
export function simplifiedLoss(model: FullConfig): Loss {
  const { n_embd: D, context_length: T } = model;
  return (values, batch, drops) => {
    const table = values("transformer.wte.weight");
    const positions = values("transformer.wpe.weight");
    const shape = { T, D, first: 0, scale: 1 };
    let x = embed(batch.tokens, table, positions, shape);
    x = drops.flat(x, model.embd_pdrop);
    for (let i = 0; i < model.n_layer; i++) {
      x = block(model, i, x, values, drops);
    }
    const final = normed(values, "transformer.ln_f", x, model.ln_f_type);
    return crossEntropy(final, table, D, batch);
  };
}

function block(
  model: FullConfig,
  i: number,
  x: Float64Array,
  values: Values,
  drops: Drops,
): Float64Array {
  const D = model.n_embd, path = `transformer.h.${i}`;
  const w = (name: string) => values(`${path}.${name}`);
  const gain = (name: string) => w(`${name}_gain`)[0];
  const all = model.norm_type;
  const first = all === "none" && i === 0 ? "ln" : all;
  const n = normed(values, `${path}.ln_1`, x, model.ln_1_type ?? first);
  if (model.norm_position === "post") x = n;

  let attended = selfAttention(model, i, n, values, drops);
  if (model.scale_heads && model.scale_heads_position === "after") {
    attended = scaled(attended, w("c_attn"), D);
  }
  if (model.scale_attn) {
    attended = normed(values, `${path}.attn_ln`, attended, model.attn_ln_type);
  }
  attended = drops.flat(attended, model.resid_pdrop);

  const mlp = (input: Float64Array) => {
    const { f } = activations[model.activation_function];
    let hidden: Float64Array = dense(input, D, w("mlp.c_fc.weight"))
      .map((a) => f(a, model.lrelu_neg_slope));
    if (model.scale_fc) {
      const kind = model.ffn_layernorm_type;
      hidden = normed(values, `${path}.ffn_layernorm`, hidden, kind);
    }
    const out = dense(hidden, D * model.mlp_width_mult, w("mlp.c_proj.weight"));
    return drops.flat(out, model.resid_pdrop);
  };
  const skip = (input: Float64Array) =>
    model.scale_resids ? scaled(input, w("w_resid"), D) : input;
  // A skip whose configured gain is 0 is left out, even where it is trained.
  const kept = (configured: number, name: string, input: Float64Array) =>
    [configured === 0 ? 0 : gain(name), input] as [number, Float64Array];
  const mlpSkip = (input: Float64Array) =>
    kept(model.mlp_block_skip_gain, "mlp_block_skip", skip(input));

  if (model.parallel_layers) {
    return sum(
      [gain("mlp_block_resid"), mlp(n)],
      [gain("attn_block_resid"), attended],
      mlpSkip(x),
    );
  }
  const h = sum(
    [gain("attn_block_resid"), attended],
    kept(model.attn_block_skip_gain, "attn_block_skip", x),
  );
  const n2 = normed(values, `${path}.ln_2`, h, model.ln_2_type ?? all);
  return sum(
    [gain("mlp_block_resid"), mlp(n2)],
    mlpSkip(model.norm_position === "post" ? n2 : h),
  );
}

function selfAttention(
  model: FullConfig,
  i: number,
  x: Float64Array,
  values: Values,
  drops: Drops,
): Float64Array {
  const { n_embd: D, n_head: H, context_length: T } = model;
  const path = `transformer.h.${i}.attn`, d = D / H;
  const w = (name: string) => values(`${path}.${name}`);
  const qk = dense(x, D, w("qk_attn.weight"), w("qk_attn.bias"));
  const [q, k] = ["q_norm", "k_norm"].map((name, j) => {
    const half = columns(qk, 2 * D, j * D, (j + 1) * D);
    return normed(values, `${path}.${name}`, half, model.qk_norm_type);
  });
  const v = valueLayer(model, i, "v_attn", x, values);
  const mask = drops.matrix(model.attn_pdrop, T);
  const cap = model.dot_norm_type === "tanh" ? 30 : 0;
  const B = x.length / D / T;
  const a = attention(q, k, v, { B, T, H, d, cap, mask });
  const [resid, skip, centre] = ["mat_resid", "mat_skip", ""].map((name) =>
    w(name ? `attn_${name}_gain` : "centre_attn_gain")
  );
  let o = a.map((value, at) => {
    const column = at % D, h = Math.floor(column / d);
    const row = Math.floor(at / D), t = row % T, b = Math.floor(row / T);
    if (!model.centre_attn) return resid[h] * value;
    let uniform = 0;
    for (let s = 0; s <= t; s++) {
      uniform += mask(b * H + h, t, s) * v[(b * T + s) * D + column] / (t + 1);
    }
    return resid[h] * value + skip[h] * mask(b * H + h, t, t) * v[at] -
      centre[h] * uniform;
  });
  if (model.scale_heads && model.scale_heads_position === "before") {
    o = scaled(o, values(`transformer.h.${i}.c_attn`), D);
  }
  return valueLayer(model, i, "c_proj", o, values);
}

function valueLayer(
  model: FullConfig,
  i: number,
  site: "v_attn" | "c_proj",
  x: Float64Array,
  values: Values,
): Float64Array {
  const value = site === "v_attn", D = model.n_embd;
  const override = value
    ? i === 0 ? model.first_layer_value_resid_gain : null
    : i === model.n_layer - 1
    ? model.last_layer_proj_resid_gain
    : null;
  const resid = override ??
    (value ? model.value_resid_gain : model.proj_resid_gain);
  const skip = value ? model.value_skip_gain : model.proj_skip_gain;
  const type = value ? model.val_init_type : model.proj_init_type;
  if (skip === 1 && resid === 0 && type === "id") return x;
  const path = `transformer.h.${i}.attn.${site}`;
  const learned = dense(x, D, values(`${path}.weight`));
  if (skip === null) return learned;
  const fixed = type === "id" ? x : dense(x, D, values(`${path}.id`));
  const off = type === "id" && resid === 0;
  return sum(
    [off ? 0 : values(`${path}.resid_gain`)[0], learned],
    [values(`${path}.skip_gain`)[0], fixed],
  );
}
