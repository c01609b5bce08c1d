/**
 * Which model and optimizer does a golden fixture have? Its `config.yaml` gives
 * every option of a model of either family, and the optimizer of its short
 * trajectory.
 * @module
 */
import * as v from "valibot";
import { checkConfig } from "../config/compose/check.ts";
import { fairseqSchema } from "../config/schema/fairseq_schema.ts";
import {
  fractionBelowOne,
  integerFrom,
  nonNegative,
  oneOf,
  positive,
} from "../config/schema/fields.ts";
import { checkModelRules } from "../config/schema/rules.ts";
import { NO_SCALES } from "../config/schema/scale_fields.ts";
import {
  type SimplifiedModelConfig,
  simplifiedSchema,
} from "../config/schema/simplified_schema.ts";
import {
  type FlatConfig,
  flatten,
  formatValue,
  isMapping,
} from "../config/values/flat_config.ts";
import { parseYamlFile } from "../config/values/yaml_file.ts";
import { UserError } from "../errors.ts";

const count = integerFrom(1);

const optimSchema = v.strictObject({
  optim: oneOf("adamw_hf", "adamw_torch"),
  learning_rate: positive,
  adam_beta1: fractionBelowOne,
  adam_beta2: fractionBelowOne,
  adam_epsilon: positive,
  weight_decay: nonNegative,
  max_grad_norm: nonNegative,
  lr_scheduler_type: oneOf("polynomial"),
  warmup_steps: integerFrom(0),
  total_steps: count,
  lr_end: nonNegative,
  power: positive,
});

const normformerOptimSchema = v.strictObject({
  optimizer: oneOf("adam"),
  lr: positive,
  adam_betas: v.custom<[number, number]>(
    (value) =>
      Array.isArray(value) && value.length === 2 &&
      value.every((beta) => v.is(fractionBelowOne, beta)),
    "a list of two numbers from 0 to below 1",
  ),
  adam_eps: positive,
  weight_decay: nonNegative,
  clip_norm: nonNegative,
  lr_scheduler: oneOf("polynomial_decay"),
  warmup_updates: integerFrom(0),
  total_num_update: count,
  end_learning_rate: nonNegative,
  power: positive,
});

const fixtureSchemas = {
  simplified_transformers: v.strictObject({
    family: oneOf("simplified_transformers"),
    model: v.strictObject({ ...simplifiedSchema.entries, vocab_size: count }),
    optim: optimSchema,
  }),
  normformer: v.strictObject({
    family: oneOf("normformer"),
    model: v.strictObject({ ...fairseqSchema.entries, vocab_size: count }),
    optim: normformerOptimSchema,
  }),
};

/** Optimizer and schedule of a `simplified_transformers` fixture. */
export type FixtureOptim = v.InferOutput<typeof optimSchema>;
/** fairseq's Adam and schedule. */
export type NormformerOptim = v.InferOutput<typeof normformerOptimSchema>;

/** A fixture's config; `family` selects the alternative. */
export type Fixture =
  | v.InferOutput<typeof fixtureSchemas.simplified_transformers>
  | v.InferOutput<typeof fixtureSchemas.normformer>;

/**
 * Keys that configs of the reference models do not have: the vocabulary size is
 * the tokenizer's, there is one position per token of a sequence, and the
 * epsilon is GPT-2's.
 */
const IMPLIED = {
  vocab_size: null,
  layer_norm_epsilon: 1e-5,
  ln_1_type: null,
  ln_2_type: null,
  ln_f_type: "ln",
  ...NO_SCALES,
};

/** Keys that fairseq's options do not have. */
const IMPLIED_FAIRSEQ = {
  name: "transformer_lm_gpt",
  qk_norm_type: "none",
  scale_heads_position: "after",
  attn_ln_type: "ln",
  ffn_layernorm_type: "ln",
};

function addModel(
  into: FlatConfig,
  raw: unknown,
  origin: (key: string) => string,
): void {
  if (!isMapping(raw)) {
    throw new UserError(
      `Cannot set 'model' as it must be a section of keys: got ${
        formatValue(raw)
      } (${origin("model")})`,
    );
  }
  const given = "context_length" in raw
    ? { ...IMPLIED, n_positions: raw.context_length, ...raw }
    : { ...IMPLIED, ...raw };
  flatten(into, given, "model", origin);
}

/**
 * Checks a separate `model` section with every option of the authors.
 * `vocab_size`, `n_positions` (then `context_length`) and `layer_norm_epsilon`
 * may be missing.
 *
 * @param where place of the section, for messages
 * @throws {UserError} on anything unknown, ill-typed, missing or contradictory
 */
export function validateModel(
  raw: unknown,
  where: string,
): SimplifiedModelConfig {
  const flat: FlatConfig = new Map();
  addModel(flat, raw, () => where);
  const schema = v.strictObject({ model: simplifiedSchema });
  const { model } = checkConfig(schema, flat, where);
  checkModelRules(model);
  return model;
}

/**
 * Reads a fixture's `config.yaml`.
 *
 * @param path for messages
 * @throws {UserError} on malformed YAML and on anything unknown, ill-typed,
 *   missing or contradictory
 */
export function validateFixture(yamlText: string, path: string): Fixture {
  const file = parseYamlFile(yamlText, path);
  const { family, model, ...rest } = file.tree;
  if (family !== "simplified_transformers" && family !== "normformer") {
    throw new UserError(
      `Cannot read ${path} as 'family' must be simplified_transformers or normformer: got ${
        formatValue(family)
      }`,
    );
  }
  const flat: FlatConfig = new Map();
  if (family === "normformer") {
    flatten(flat, IMPLIED_FAIRSEQ, "model", file.origin);
    flatten(flat, file.tree, "", file.origin);
    const fixture = checkConfig(fixtureSchemas.normformer, flat, path);
    checkModelRules(fixture.model);
    return fixture;
  }
  flatten(flat, { family, ...rest }, "", file.origin);
  if (model !== undefined) addModel(flat, model, file.origin);
  const fixture = checkConfig(
    fixtureSchemas.simplified_transformers,
    flat,
    path,
  );
  checkModelRules(fixture.model);
  return fixture;
}
