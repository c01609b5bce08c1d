/** NormFormer's options, which both model families have. @module */
import { oneOf, trueOrFalse } from "./fields.ts";

/**
 * A norm after attention, one scale per head, a norm in the MLP, a scale of the
 * MLP's skip.
 */
export const SCALE_FIELDS = {
  scale_attn: trueOrFalse,
  attn_ln_type: oneOf("ln", "rmsnorm"),
  scale_heads: trueOrFalse,
  scale_heads_position: oneOf("after", "before"),
  scale_fc: trueOrFalse,
  ffn_layernorm_type: oneOf("ln", "rmsnorm"),
  scale_resids: trueOrFalse,
};
