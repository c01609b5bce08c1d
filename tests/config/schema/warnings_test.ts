import { assert, assertEquals } from "@std/assert";
import { compose, warnings } from "../../../src/config/mod.ts";

const of = (words: string) =>
  warnings(
    compose({ overrides: words.split(" ").filter((w) => w !== "") })
      .config.model,
  );

/**
 * Overrides, the key that is cancelled, and the key that cancels it; one line
 * must name both.
 */
const CANCELLED: [words: string, key: string, by: string][] = [
  [
    "model.n_head=1 model.scale_heads=true model.scale_attn=true",
    "scale_heads",
    "scale_attn",
  ],
  [
    "model.attn_mat_resid_gain=0.5 model.scale_attn=true",
    "attn_mat_resid_gain",
    "scale_attn",
  ],
  [
    "model.trainable_attn_mat_gains=true model.scale_heads=true model.scale_heads_position=before",
    "scale_heads",
    "trainable_attn_mat_gains",
  ],
  ["model.attn_mat_skip_gain=1", "attn_mat_skip_gain", "centre_attn"],
  ["model=default-parallel model.ln_2_type=ln", "ln_2_type", "parallel_layers"],
  ["model.parallel_layers=true", "attn_block_skip_gain", "parallel_layers"],
  [
    "model=skipless model.qk_norm_type=rmsnorm",
    "query_init_std",
    "qk_norm_type",
  ],
  [
    "model.key_init_std=1 model.qk_norm_type=ln",
    "key_init_std",
    "qk_norm_type",
  ],
  [
    "model=normformer model.decoder_attention_heads=1",
    "scale_heads",
    "scale_attn",
  ],
  [
    "model=transformer_lm_gpt model.decoder_learned_pos=true model.no_token_positional_embeddings=true",
    "decoder_learned_pos",
    "no_token_positional_embeddings",
  ],
  [
    "model=transformer_lm_gpt model.layernorm_embedding=true model.no_token_positional_embeddings=true",
    "no_scale_embedding",
    "layernorm_embedding",
  ],
];

for (const [words, key, by] of CANCELLED) {
  Deno.test(`warnings() says of ${words} that ${by} cancels ${key}`, () => {
    const lines = of(words);
    assertEquals(lines.length, 1, lines.join("\n"));
    assert(lines[0].startsWith(`'model.${key}' (`), lines[0]);
    assert(lines[0].includes(`is cancelled by 'model.${by}' (`), lines[0]);
    assertEquals(lines[0].includes("\n"), false);
  });
}

Deno.test("warnings() is empty for published commands and for mixes that work", () => {
  for (
    const words of [
      "",
      "model=default-parallel",
      "model=skipless",
      "model=skipless-parallel",
      "model=op",
      "model=transformer_lm_gpt",
      "model=normformer model.scale_resids=true",
      "model=normformer model.qk_norm_type=ln",
      "model=skipless model.scale_heads=true model.scale_attn=true model.scale_fc=true",
      "model.scale_attn=true model.scale_heads=true model.scale_heads_position=before",
    ]
  ) assertEquals(of(words), [], words);
});
