import { assertEquals } from "@std/assert";
import { isDecayed } from "../../src/optim/weight_decay.ts";

const MATRICES = [
  "transformer.wte.weight",
  "transformer.h.0.attn.qk_attn.weight",
  "transformer.h.10.mlp.c_proj.weight",
  "decoder.layers.3.self_attn.q_proj.weight",
  "decoder.layers.3.fc1.weight",
];

/** NormFormer's scales: neither norm nor gain by name. */
const SCALES = ["transformer.h.0.c_attn", "decoder.layers.0.w_resid"];

const NORMS = [
  "transformer.ln_f.weight",
  "transformer.h.0.ln_1.scale",
  "transformer.h.0.attn.q_norm.scale",
  "decoder.layers.0.attn_ln.weight",
  "decoder.layers.0.ffn_layernorm.weight",
  "decoder.layers.0.self_attn_layer_norm.weight",
  "decoder.layer_norm.weight",
];

const BIASES_AND_GAINS = [
  "transformer.h.0.attn.qk_attn.bias",
  "transformer.h.0.mlp_block_resid_gain",
  "transformer.h.0.attn.v_attn.skip_gain",
  "decoder.layers.0.fc2.bias",
];

Deno.test("isDecayed() leaves out norms, biases and gains for AdamW", () => {
  for (const kind of ["adamw_hf", "adamw_torch"] as const) {
    const decayed = (names: string[]) => names.map((n) => isDecayed(kind, n));
    assertEquals(decayed(MATRICES), MATRICES.map(() => true));
    assertEquals(decayed(SCALES), SCALES.map(() => true));
    assertEquals(decayed(NORMS), NORMS.map(() => false));
    assertEquals(decayed(BIASES_AND_GAINS), BIASES_AND_GAINS.map(() => false));
  }
});

Deno.test("isDecayed() leaves out nothing for fairseq's Adam", () => {
  for (const name of [...MATRICES, ...SCALES, ...NORMS, ...BIASES_AND_GAINS]) {
    assertEquals(isDecayed("adam_fairseq", name), true, name);
  }
});
