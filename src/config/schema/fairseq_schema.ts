/**
 * The keys of `model` in the fairseq family, `name: transformer_lm_gpt`:
 * fairseq's own, plus `qk_norm_type` and `scale_heads_position`. Their meaning
 * and defaults: `configs/model/transformer_lm_gpt.yaml`.
 * @module
 */
import * as v from "valibot";
import { belowOne, flag, integerFrom, oneOf, orNull } from "./fields.ts";
import { SCALE_FIELDS } from "./scale_fields.ts";

const count = integerFrom(1);

/** Schema of the `model` section in the fairseq family. */
export const fairseqSchema = v.strictObject({
  name: oneOf("transformer_lm_gpt"),
  // The loss predicts tokens 1 … T-1 from 0 … T-2, so one token has no loss.
  tokens_per_sample: integerFrom(2),
  vocab_size: orNull(count),
  padding_idx: orNull(integerFrom(0)),

  decoder_layers: count,
  decoder_embed_dim: count,
  decoder_ffn_embed_dim: count,
  decoder_attention_heads: count,
  activation_fn: oneOf("gelu", "relu", "relu_squared"),

  ...SCALE_FIELDS,
  qk_norm_type: oneOf("none", "rmsnorm", "ln"),

  decoder_normalize_before: flag,
  no_decoder_final_norm: flag,
  share_decoder_input_output_embed: flag,
  decoder_learned_pos: flag,
  no_scale_embedding: flag,
  no_token_positional_embeddings: flag,
  layernorm_embedding: flag,

  dropout: belowOne,
  attention_dropout: belowOne,
  activation_dropout: belowOne,
});

/** The `model` section of fairseq's decoder. */
export type FairseqModelConfig = v.InferOutput<typeof fairseqSchema>;
