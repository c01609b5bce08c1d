/**
 * Which parameters does an optimizer decay? The one place that decides.
 * @module
 */
import type { AdamKind } from "./adam.ts";

/** Modules that are norms: `ln_1`, `q_norm`, `attn_ln`, `ffn_layernorm`. */
const NORM = /(^|_)(ln|layer_?norm|norm)(_|$)/;

/**
 * Whether weight decay applies to the trainable parameter `name`.
 *
 * fairseq's Adam decays everything: norms, biases and scales too. The AdamW
 * kinds follow the parameter groups of Hugging Face's Trainer, which leave out
 * parameters of norms and biases, and of the code of "Simplifying Transformer
 * Blocks" (arXiv 2311.01906), which also leaves out gains. NormFormer's head
 * and residual scales are none of these, so they are decayed.
 *
 * @param name as in the authors' `state_dict`: `<module>.<module>.<parameter>`
 */
export function isDecayed(kind: AdamKind, name: string): boolean {
  if (kind === "adam_fairseq") return true;
  const [owner] = name.split(".").slice(-2);
  return !/bias|gain/.test(name) && !NORM.test(owner);
}
