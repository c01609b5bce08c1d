/**
 * Configurations for tests: each option alone, then every two options together.
 * @module
 */
import type {
  FairseqModelConfig,
  SimplifiedModelConfig,
} from "../../src/config/mod.ts";

/** Keys of `model` that differ from a file of `configs/model/`. */
export type Changes =
  & Partial<SimplifiedModelConfig>
  & Partial<FairseqModelConfig>;

/** A value that an option may have; the first of each option is the default. */
interface Choice {
  file?: string;
  changes?: Changes;
}

/** Options, each with its values. */
type Options = Record<string, Choice[]>;

/** A model's file and what is changed in it. */
export interface Configuration {
  name: string;
  file: string;
  changes: Changes;
}

/** Plain choices: the file's own value, and each of `changes`. */
const choices = (...changes: Changes[]): Choice[] => [
  {},
  ...changes.map((changes) => ({ changes })),
];

const files = (...names: string[]): Choice[] => names.map((file) => ({ file }));

/** What both families have. */
const SCALES: Options = {
  scale_attn: choices(
    { scale_attn: true },
    { scale_attn: true, attn_ln_type: "rmsnorm" },
  ),
  scale_heads: choices(
    { scale_heads: true },
    { scale_heads: true, scale_heads_position: "before" },
  ),
  scale_fc: choices(
    { scale_fc: true },
    { scale_fc: true, ffn_layernorm_type: "rmsnorm" },
  ),
  scale_resids: choices({ scale_resids: true }),
  qk_norm: choices({ qk_norm_type: "rmsnorm" }, { qk_norm_type: "ln" }),
};

/** "Simplifying Transformer Blocks". */
const SIMPLIFIED: Options = {
  file: files(
    "default",
    "default-parallel",
    "skipless",
    "skipless-parallel",
    "op",
  ),
  activation: choices(
    { activation_function: "leaky_relu", lrelu_neg_slope: 0.1 },
    { activation_function: "relu" },
    { activation_function: "gelu" },
    { activation_function: "gelu_new" },
    { activation_function: "silu" },
    { activation_function: "tanh" },
    { activation_function: "relu_squared" },
  ),
  values: choices(
    { value_skip_gain: null, val_init_type: "normal" },
    { value_skip_gain: null, val_init_type: "orth", val_proj_init_std: 0.3 },
    { value_skip_gain: 0.8, value_resid_gain: 0.5, val_init_type: "orth" },
    { value_skip_gain: 0.7, value_resid_gain: 0.2, val_init_type: "id" },
    {
      value_skip_gain: 1,
      value_resid_gain: 0,
      val_init_type: "id",
      first_layer_value_resid_gain: 0.6,
    },
  ),
  projection: choices(
    { proj_skip_gain: null, proj_init_type: "orth" },
    { proj_skip_gain: 0.9, proj_resid_gain: 0.4, proj_init_type: "normal" },
    {
      proj_skip_gain: 0.7,
      proj_resid_gain: 0,
      proj_init_type: "id",
      last_layer_proj_resid_gain: 0.3,
    },
    { proj_skip_gain: 1, proj_resid_gain: 0, proj_init_type: "id" },
  ),
  attention: choices(
    {
      centre_attn: true,
      attn_mat_resid_gain: 0.7,
      attn_mat_skip_gain: 0.9,
      centre_attn_gain: 0.6,
    },
    { centre_attn: true, centre_attn_gain: 0 },
    { centre_attn: false, attn_mat_resid_gain: 0.6 },
    { dot_norm_type: "tanh" },
  ),
  norm: choices(
    { norm_type: "ln" },
    { norm_type: "none" },
    { norm_type: "rmsnorm", norm_position: "post" },
    { norm_type: "ln", norm_position: "post" },
  ),
  sites: choices(
    { ln_1_type: "none", ln_2_type: "ln" },
    { ln_1_type: "ln", ln_f_type: "none" },
    { ln_1_type: "rmsnorm", ln_2_type: "none", ln_f_type: "rmsnorm" },
  ),
  gains: choices(
    {
      trainable_attn_block_gains: true,
      trainable_mlp_block_gains: true,
      mlp_block_resid_gain: 0.4,
    },
    {
      trainable_attn_mat_gains: true,
      trainable_value_gains: true,
      trainable_proj_gains: true,
    },
    { attn_block_skip_gain: 0.5, attn_block_resid_gain: 0.8 },
  ),
  start: choices({
    query_init_std: 0,
    key_init_std: 0.1,
    mlp_proj_init_std: 0.05,
    mlp_width_mult: 2.5,
  }),
  dropout: choices(
    { attn_pdrop: 0.2 },
    { embd_pdrop: 0.1, resid_pdrop: 0.2 },
    { attn_pdrop: 0.1, embd_pdrop: 0.1, resid_pdrop: 0.1 },
  ),
  ...SCALES,
};

/** NormFormer in fairseq's decoder. */
const FAIRSEQ: Options = {
  file: files("transformer_lm_gpt", "normformer"),
  activation: choices(
    { activation_fn: "relu" },
    { activation_fn: "relu_squared" },
  ),
  positions: choices(
    { decoder_learned_pos: true },
    { no_token_positional_embeddings: true },
  ),
  padding: choices({ padding_idx: 1 }),
  embedding: choices(
    { no_scale_embedding: true },
    { layernorm_embedding: true },
  ),
  norm: choices(
    { decoder_normalize_before: false },
    { no_decoder_final_norm: true },
  ),
  head: choices({ share_decoder_input_output_embed: false }),
  dropout: choices(
    { dropout: 0.2 },
    { attention_dropout: 0.2 },
    { dropout: 0.1, attention_dropout: 0.1, activation_dropout: 0.1 },
  ),
  ...SCALES,
};

/** A scale of a skip that is left out is refused. */
const impossible = (a: Choice, b: Choice) =>
  [[a, b], [b, a]].some(([x, y]) =>
    x.file === "skipless-parallel" && y.changes?.scale_resids
  );

function configuration(options: Options, row: Map<string, number>) {
  const picked = Object.entries(options)
    .map(([name, list]) => list[row.get(name) ?? 0]);
  const changes: Changes = Object.assign({}, ...picked.map((c) => c.changes));
  const file = picked.find((c) => c.file)!.file!;
  const said = Object.entries(changes).map(([key, value]) => `${key}=${value}`);
  return { name: [file, ...said].join(" "), file, changes };
}

/** Each value of each option, all else as in the first file. */
function alone(options: Options): Configuration[] {
  const rows = Object.entries(options).flatMap(([name, list]) =>
    list.flatMap((_, i) => i > 0 ? [new Map([[name, i]])] : [])
  );
  return [new Map<string, number>(), ...rows]
    .map((row) => configuration(options, row));
}

/**
 * Few configurations in which every two values of any two options meet: each
 * begins with a pair that has not met yet and takes, option by option, the
 * value that meets most others for the first time.
 */
function pairwise(options: Options): Configuration[] {
  const names = Object.keys(options);
  const key = (a: string, i: number, b: string, j: number) =>
    names.indexOf(a) < names.indexOf(b)
      ? `${a} ${i} ${b} ${j}`
      : `${b} ${j} ${a} ${i}`;
  const left = new Map<string, [string, number, string, number]>();
  for (const [at, a] of names.entries()) {
    for (const b of names.slice(at + 1)) {
      options[a].forEach((x, i) =>
        options[b].forEach((y, j) => {
          if (!impossible(x, y)) left.set(key(a, i, b, j), [a, i, b, j]);
        })
      );
    }
  }
  const out: Configuration[] = [];
  while (left.size > 0) {
    const [[a, i, b, j]] = left.values();
    const row = new Map([[a, i], [b, j]]);
    for (const name of names) {
      if (row.has(name)) continue;
      const list = options[name];
      const met = list.map((choice, i) => {
        let count = 0;
        for (const [other, j] of row) {
          if (impossible(choice, options[other][j])) return -1;
          if (left.has(key(name, i, other, j))) count++;
        }
        return count;
      });
      // Ties go to another value each time.
      const order = list.map((_, i) => (i + out.length) % list.length);
      order.sort((i, j) => met[j] - met[i]);
      row.set(name, order[0]);
    }
    for (const [a, i] of row) {
      for (const [b, j] of row) left.delete(key(a, i, b, j));
    }
    out.push(configuration(options, row));
  }
  return out;
}

const unique = (list: Configuration[]) => [
  ...new Map(list.map((c) => [c.name, c])).values(),
];

/** Every option alone, and all pairs of options, in both families. */
export const CONFIGURATIONS: readonly Configuration[] = unique(
  [SIMPLIFIED, FAIRSEQ].flatMap((options) => [
    ...alone(options),
    ...pairwise(options),
  ]),
);
