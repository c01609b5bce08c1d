/** NormFormer's options, which both families of models have. @module */
import { oneOf, trueOrFalse } from "./fields.ts";

/** A norm after attention, a scale a head, a norm in the MLP, a scale of its skip. */
export const SCALE_FIELDS = {
  scale_attn: trueOrFalse,
  attn_ln_type: oneOf("ln", "rmsnorm"),
  scale_heads: trueOrFalse,
  scale_heads_position: oneOf("after", "before"),
  scale_fc: trueOrFalse,
  ffn_layernorm_type: oneOf("ln", "rmsnorm"),
  scale_resids: trueOrFalse,
};

/** Their values where a file of the authors' code does not know them. */
export const NO_SCALES = {
  scale_attn: false,
  attn_ln_type: "ln",
  scale_heads: false,
  scale_heads_position: "after",
  scale_fc: false,
  ffn_layernorm_type: "ln",
  scale_resids: false,
};
