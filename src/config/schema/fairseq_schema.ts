/**
 * The keys of `model` in the fairseq family (`name: transformer_lm_gpt`):
 * fairseq's own, plus `qk_norm_type` and `scale_heads_position`.
 * `configs/model/transformer_lm_gpt.yaml` documents their meaning and defaults.
 * @module
 */
import * as v from "valibot";
import {
  fractionBelowOne,
  integerFrom,
  nullable,
  oneOf,
  trueOrFalse,
} from "./fields.ts";
import { SCALE_FIELDS } from "./scale_fields.ts";

const count = integerFrom(1);

/** Schema of the `model` section in the fairseq family. */
export const fairseqSchema = v.strictObject({
  name: oneOf("transformer_lm_gpt"),
  // The loss predicts tokens 1 … T-1 from 0 … T-2, so one token has no loss.
  tokens_per_sample: integerFrom(2),
  vocab_size: nullable(count),
  // In a file also `dictionary`, which composing settles.
  padding_idx: nullable(integerFrom(0)),

  decoder_layers: count,
  decoder_embed_dim: count,
  decoder_ffn_embed_dim: count,
  decoder_attention_heads: count,
  activation_fn: oneOf("gelu", "relu", "relu_squared"),

  ...SCALE_FIELDS,
  qk_norm_type: oneOf("none", "rmsnorm", "ln"),

  decoder_normalize_before: trueOrFalse,
  no_decoder_final_norm: trueOrFalse,
  share_decoder_input_output_embed: trueOrFalse,
  decoder_learned_pos: trueOrFalse,
  no_scale_embedding: trueOrFalse,
  no_token_positional_embeddings: trueOrFalse,
  layernorm_embedding: trueOrFalse,

  dropout: fractionBelowOne,
  attention_dropout: fractionBelowOne,
  activation_dropout: fractionBelowOne,
});

/** The `model` section of this family. */
export type FairseqModelConfig = v.InferOutput<typeof fairseqSchema>;
