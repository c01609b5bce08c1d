import { assertEquals } from "@std/assert";
import { validateFixture } from "../../src/parity/fixture_config.ts";
import { assertRefuses } from "../helpers/config.ts";

const SIMPLIFIED = `\
family: simplified_transformers
model:
  name: gpt2
  context_length: 20
  n_embd: 48
  n_layer: 3
  n_head: 4
  norm_type: rmsnorm
  norm_position: pre
  qk_norm_type: none
  dot_norm_type: none
  resid_pdrop: 0
  attn_pdrop: 0
  embd_pdrop: 0
  attn_block_resid_gain: 1
  attn_block_skip_gain: 1
  mlp_block_resid_gain: 1
  mlp_block_skip_gain: 1
  attn_mat_resid_gain: 1
  attn_mat_skip_gain: 0
  value_resid_gain: 1
  value_skip_gain: null
  first_layer_value_resid_gain: null
  proj_resid_gain: 1
  proj_skip_gain: null
  last_layer_proj_resid_gain: null
  centre_attn: false
  centre_attn_gain: 1
  trainable_attn_block_gains: false
  trainable_mlp_block_gains: false
  trainable_attn_mat_gains: false
  trainable_value_gains: false
  trainable_proj_gains: false
  initializer_range: 0.02
  val_proj_init_std: null
  query_init_std: null
  key_init_std: null
  val_init_type: normal
  proj_init_type: normal
  tie_valproj_init: null
  mlp_width_mult: 4
  activation_function: leaky_relu
  lrelu_neg_slope: 0
  mlp_proj_init_std: null
  parallel_layers: false
  vocab_size: 101
optim:
  optim: adamw_hf
  learning_rate: 0.001
  adam_beta1: 0.9
  adam_beta2: 0.999
  adam_epsilon: 1.0e-08
  weight_decay: 0.1
  max_grad_norm: 1.0
  lr_scheduler_type: polynomial
  warmup_steps: 2
  total_steps: 10
  lr_end: 1.0e-07
  power: 1.0
`;

const NORMFORMER = `\
family: normformer
model:
  decoder_normalize_before: true
  no_decoder_final_norm: false
  share_decoder_input_output_embed: true
  decoder_learned_pos: false
  no_scale_embedding: false
  no_token_positional_embeddings: false
  layernorm_embedding: false
  activation_fn: gelu
  scale_attn: true
  scale_heads: true
  scale_fc: true
  scale_resids: false
  dropout: 0.0
  attention_dropout: 0.0
  activation_dropout: 0.0
  decoder_layers: 2
  decoder_embed_dim: 48
  decoder_ffn_embed_dim: 192
  decoder_attention_heads: 4
  vocab_size: 101
  tokens_per_sample: 20
  padding_idx: 1
optim:
  optimizer: adam
  lr: 0.003
  adam_betas:
  - 0.9
  - 0.98
  adam_eps: 1.0e-08
  weight_decay: 0.01
  clip_norm: 0.0
  lr_scheduler: polynomial_decay
  warmup_updates: 2
  total_num_update: 10
  end_learning_rate: 0.0
  power: 1.0
`;

const simplified = (from = "", to = "") => {
  const fixture = validateFixture(SIMPLIFIED.replace(from, to), "st.yaml");
  if (fixture.family !== "simplified_transformers") throw new Error("family");
  return fixture;
};
const normformer = (from = "", to = "") => {
  const fixture = validateFixture(NORMFORMER.replace(from, to), "nf.yaml");
  if (fixture.family !== "normformer") throw new Error("family");
  return fixture;
};

Deno.test("validateFixture() types a simplified_transformers fixture", () => {
  const { model, optim } = simplified();
  assertEquals([model.n_embd, model.n_layer, model.vocab_size], [48, 3, 101]);
  assertEquals(model.norm_type, "rmsnorm");
  assertEquals(optim.adam_epsilon, 1e-8);
  assertEquals(optim.total_steps, 10);
});

Deno.test("validateFixture() fills in keys that the reference does not have", () => {
  const { model } = simplified();
  assertEquals([model.n_positions, model.layer_norm_epsilon], [20, 1e-5]);
  const told = simplified(
    "vocab_size: 101",
    "vocab_size: 9\n  n_positions: 30",
  );
  assertEquals([told.model.n_positions, told.model.vocab_size], [30, 9]);
});

Deno.test("validateFixture() gives a key that is absent its default", () => {
  for (const line of SIMPLIFIED.match(/^ {2}\w+: .*\n/gm)!) {
    // Sizes that the fixture alone has.
    if (/length|n_embd|n_layer|n_head|vocab|_steps/.test(line)) continue;
    assertEquals(simplified(line, ""), simplified(), line);
  }
  const own =
    /layers|attention_heads|embed_dim|vocab|tokens_|scale_(attn|heads|fc)|lr: |updat/;
  for (const line of NORMFORMER.match(/^ {2}\w+: .*\n/gm)!) {
    if (own.test(line)) continue;
    assertEquals(normformer(line, ""), normformer(), line);
  }
  const { optim } = normformer("  adam_betas:\n  - 0.9\n  - 0.98\n", "");
  assertEquals(optim.adam_betas, [0.9, 0.98]);
});

Deno.test("validateFixture() takes options that this release does not build", () => {
  const { model } = simplified("val_init_type: normal", "val_init_type: orth");
  assertEquals(model.val_init_type, "orth");
});

Deno.test("validateFixture() types a normformer fixture", () => {
  const { model, optim } = normformer();
  assertEquals([model.scale_attn, model.scale_resids], [true, false]);
  assertEquals(model.decoder_ffn_embed_dim, 192);
  assertEquals(optim.adam_betas, [0.9, 0.98]);
});

Deno.test("validateFixture() refuses faults with file and line", () => {
  assertRefuses(
    () => simplified("  n_head: 4", "  n_heads: 4"),
    "Cannot set 'model.n_heads' as it must be a known key: the nearest is 'model.n_head' (st.yaml:7)",
  );
  assertRefuses(
    () => simplified("adam_beta1: 0.9", "adam_beta1: high"),
    "Cannot set 'optim.adam_beta1' as it must be a number from 0 to below 1: got \"high\" (st.yaml:50)",
  );
  assertRefuses(
    () => simplified("  vocab_size: 101\n", ""),
    "Cannot set 'model.vocab_size' as it must be an integer of 1 or more: got null (st.yaml:2)",
  );
  assertRefuses(
    () => simplified("  total_steps: 10\n", ""),
    "Cannot use st.yaml as 'optim.total_steps' must be set: got nothing",
  );
  assertRefuses(
    () => simplified("n_embd: 48", "n_embd: 50"),
    "Cannot split heads as 'model.n_embd' must be a multiple of 'model.n_head': got 50 and 4",
  );
  assertRefuses(
    () => normformer("scale_fc:", "scale_fcs:"),
    "Cannot set 'model.scale_fcs' as it must be a known key: the nearest is 'model.scale_fc' (nf.yaml:13)",
  );
  assertRefuses(
    () => normformer("- 0.98", "- 1"),
    "Cannot set 'optim.adam_betas' as it must be a list of two numbers from 0 to below 1: got [0.9,1] (nf.yaml:28)",
  );
  assertRefuses(
    () => normformer("heads: 4", "heads: 5"),
    "Cannot split heads as 'model.decoder_embed_dim' must be a multiple of 'model.decoder_attention_heads': got 48 and 5",
  );
});

Deno.test("validateFixture() refuses other families and other documents", () => {
  assertRefuses(
    () => validateFixture("family: gpt", "x.yaml"),
    "Cannot read x.yaml as 'family' must be simplified_transformers or normformer: got \"gpt\"",
  );
  assertRefuses(
    () => validateFixture("- 1\n- 2", "x.yaml"),
    "Cannot read x.yaml as it must hold 'key: value' lines: got [1,2]",
  );
  assertRefuses(
    () =>
      validateFixture("family: simplified_transformers\nmodel: 3", "x.yaml"),
    "Cannot set 'model' as it must be a section of keys: got 3 (x.yaml:2)",
  );
});
