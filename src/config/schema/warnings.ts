/**
 * Which options cancel each other? Such a model trains, but one of its keys has
 * no effect, or not the expected one.
 * @module
 */
import { formatValue } from "../values/flat_config.ts";
import type { FairseqModelConfig } from "./fairseq_schema.ts";
import type { AnyModel } from "./family.ts";
import type { SimplifiedModelConfig } from "./simplified_schema.ts";

/**
 * Whether the case holds, the key without effect, the key that cancels it, and
 * why.
 */
type Case<M> = [when: boolean, key: keyof M, by: keyof M, why: string];

/**
 * Describes each pair of keys of which one cancels the other.
 *
 * @returns one line per pair; empty if no key is cancelled
 *
 * @example
 * ```ts ignore
 * for (const line of warnings(config.model)) console.error(`warning: ${line}`);
 * ```
 */
export function warnings(model: AnyModel): string[] {
  return model.name === "gpt2"
    ? lines(model, simplified(model))
    : lines(model, fairseq(model));
}

function lines<M extends AnyModel>(model: M, cases: Case<M>[]): string[] {
  return cases.filter(([when]) => when).map(([_, key, by, why]) =>
    `'model.${String(key)}' (${
      formatValue(model[key])
    }) is cancelled by 'model.${String(by)}' (${
      formatValue(model[by])
    }): ${why}`
  );
}

function simplified(
  model: SimplifiedModelConfig,
): Case<SimplifiedModelConfig>[] {
  const oneHead = model.n_head === 1, qkNorm = model.qk_norm_type !== "none";
  const centred = model.centre_attn;
  return [
    [
      model.scale_heads && model.scale_attn && oneHead,
      "scale_heads",
      "scale_attn",
      "with one head the norm right after its scale divides by it again",
    ],
    [
      model.scale_attn && !centred &&
      (model.attn_mat_resid_gain !== 1 ||
        model.trainable_attn_mat_gains && oneHead),
      "attn_mat_resid_gain",
      "scale_attn",
      "without centring it is a factor of the whole branch, which the norm after attention divides by",
    ],
    [
      model.scale_heads && model.trainable_attn_mat_gains && !centred &&
      model.scale_heads_position === "before",
      "scale_heads",
      "trainable_attn_mat_gains",
      "without centring both are the same factor of a head's output",
    ],
    [
      !centred && model.attn_mat_skip_gain !== 0,
      "attn_mat_skip_gain",
      "centre_attn",
      "the identity is part of the attention matrix only where it is centred",
    ],
    [
      model.parallel_layers && model.attn_block_skip_gain !== 0,
      "attn_block_skip_gain",
      "parallel_layers",
      "a parallel block has one skip, whose gain is 'model.mlp_block_skip_gain'",
    ],
    [
      model.parallel_layers && model.ln_2_type !== null,
      "ln_2_type",
      "parallel_layers",
      "a parallel block has one norm, 'model.ln_1_type'",
    ],
    ...(["query_init_std", "key_init_std"] as const).map(
      (key): Case<SimplifiedModelConfig> => [
        qkNorm && model[key] !== null,
        key,
        "qk_norm_type",
        "the norm gives queries and keys their size, whatever they start with",
      ],
    ),
  ];
}

function fairseq(model: FairseqModelConfig): Case<FairseqModelConfig>[] {
  const positional = !model.no_token_positional_embeddings;
  return [
    [
      model.scale_heads && model.scale_attn &&
      model.decoder_attention_heads === 1 &&
      model.scale_heads_position === "after",
      "scale_heads",
      "scale_attn",
      "with one head the norm right after its scale divides by it again",
    ],
    [
      model.decoder_learned_pos && !positional,
      "decoder_learned_pos",
      "no_token_positional_embeddings",
      "there are no positions to learn",
    ],
    [
      !model.no_scale_embedding && model.layernorm_embedding && !positional,
      "no_scale_embedding",
      "layernorm_embedding",
      "the norm divides by the factor on the embeddings",
    ],
  ];
}
