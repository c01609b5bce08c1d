/**
 * The keys of `model` in the family of "Simplifying Transformer Blocks"
 * (`name: gpt2`): the authors' own, plus `vocab_size`, `n_positions`,
 * `layer_norm_epsilon` and NormFormer's scales. `configs/model/default.yaml`
 * documents their meaning and defaults.
 * @module
 */
import * as v from "valibot";
import {
  anyNumber,
  fractionBelowOne,
  integerFrom,
  nonNegative,
  nullable,
  oneOf,
  positive,
  trueOrFalse,
} from "./fields.ts";
import { SCALE_FIELDS } from "./scale_fields.ts";

const initType = oneOf("normal", "id", "orth");
const normType = oneOf("rmsnorm", "ln", "none");
const std = nullable(nonNegative);

/** Schema of the `model` section. */
export const simplifiedSchema = v.strictObject({
  name: oneOf("gpt2"),
  // The loss predicts tokens 1 … T-1 from 0 … T-2, so one token has no loss.
  context_length: integerFrom(2),
  n_positions: integerFrom(1),
  vocab_size: nullable(integerFrom(1)),

  n_embd: integerFrom(1),
  n_layer: integerFrom(1),
  n_head: integerFrom(1),
  norm_type: normType,
  ln_1_type: nullable(normType),
  ln_2_type: nullable(normType),
  ln_f_type: normType,
  norm_position: oneOf("pre", "post"),
  qk_norm_type: oneOf("none", "rmsnorm", "ln"),
  dot_norm_type: oneOf("none", "tanh"),
  layer_norm_epsilon: positive,

  resid_pdrop: fractionBelowOne,
  attn_pdrop: fractionBelowOne,
  embd_pdrop: fractionBelowOne,

  attn_block_resid_gain: anyNumber,
  attn_block_skip_gain: anyNumber,
  mlp_block_resid_gain: anyNumber,
  mlp_block_skip_gain: anyNumber,
  attn_mat_resid_gain: anyNumber,
  attn_mat_skip_gain: anyNumber,
  value_resid_gain: anyNumber,
  value_skip_gain: nullable(anyNumber),
  first_layer_value_resid_gain: nullable(anyNumber),
  proj_resid_gain: anyNumber,
  proj_skip_gain: nullable(anyNumber),
  last_layer_proj_resid_gain: nullable(anyNumber),
  centre_attn: trueOrFalse,
  centre_attn_gain: anyNumber,

  trainable_attn_block_gains: trueOrFalse,
  trainable_mlp_block_gains: trueOrFalse,
  trainable_attn_mat_gains: trueOrFalse,
  trainable_value_gains: trueOrFalse,
  trainable_proj_gains: trueOrFalse,

  initializer_range: nonNegative,
  val_proj_init_std: std,
  query_init_std: std,
  key_init_std: std,
  val_init_type: initType,
  proj_init_type: initType,
  tie_valproj_init: nullable(oneOf("all_blocks", "last_block")),

  mlp_width_mult: positive,
  activation_function: oneOf(
    "leaky_relu",
    "relu",
    "gelu",
    "gelu_new",
    "silu",
    "tanh",
    "relu_squared",
  ),
  lrelu_neg_slope: anyNumber,
  mlp_proj_init_std: std,
  parallel_layers: trueOrFalse,

  ...SCALE_FIELDS,
});

/** The `model` section of this family. */
export type SimplifiedModelConfig = v.InferOutput<typeof simplifiedSchema>;
