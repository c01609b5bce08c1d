/**
 * Which model and optimizer does a golden fixture have? Its `config.yaml` gives
 * the options of a model of either family that are not at their defaults, and
 * the optimizer of its short trajectory.
 * @module
 */
import * as v from "valibot";
import { checkConfig } from "../config/compose/check.ts";
import { fillDefaults, referenceValues } from "../config/compose/defaults.ts";
import { settlePadding } from "../config/compose/settle.ts";
import { fairseqSchema } from "../config/schema/fairseq_schema.ts";
import {
  fractionBelowOne,
  integerFrom,
  nonNegative,
  oneOf,
  positive,
} from "../config/schema/fields.ts";
import { checkModelRules } from "../config/schema/rules.ts";
import { simplifiedSchema } from "../config/schema/simplified_schema.ts";
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

/** A fixture's config; `family` selects the alternative. */
export type Fixture =
  | v.InferOutput<typeof fixtureSchemas.simplified_transformers>
  | v.InferOutput<typeof fixtureSchemas.normformer>;

/**
 * Where a fixture's model differs from the defaults: the authors' models have
 * one position per token of a sequence, and fairseq's dictionaries a pad.
 */
const IMPLIED = {
  simplified_transformers: { n_positions: "${model.context_length}" },
  normformer: { padding_idx: 1 },
};

/** Keys of fairseq's optimizer by their name in `train`. */
const FAIRSEQ_OPTIM: Record<string, string> = {
  lr: "learning_rate",
  adam_eps: "adam_epsilon",
  clip_norm: "max_grad_norm",
  lr_scheduler: "lr_scheduler_type",
  end_learning_rate: "lr_end",
};

/**
 * Gives the optimizer's keys that a fixture lacks the defaults that they have
 * in `train`. How many updates the fixture holds has none.
 */
function fillOptim(flat: FlatConfig, family: Fixture["family"]): void {
  const isFairseq = family === "normformer";
  const values = isFairseq
    ? referenceValues("transformer_lm_gpt", "fairseq")
    : referenceValues("gpt2");
  for (
    const name of Object.keys(fixtureSchemas[family].entries.optim.entries)
  ) {
    const key = `optim.${name}`;
    const counts = /^(warmup|total)_/.test(name);
    if (flat.has(key) || counts) continue;
    const of = (name: string) => values.get(`train.${name}`);
    const found = of(isFairseq ? FAIRSEQ_OPTIM[name] ?? name : name);
    if (found) flat.set(key, found);
    if (name === "optimizer") flat.set(key, { value: "adam", origin: key });
    if (name === "adam_betas") {
      const value = ["adam_beta1", "adam_beta2"].map((name) => of(name)?.value);
      flat.set(key, { value, origin: key });
    }
  }
}

/** Adds the `model` section of a fixture. */
function addModel(
  into: FlatConfig,
  raw: unknown,
  family: Fixture["family"],
  origin: (key: string) => string,
): void {
  if (!isMapping(raw)) {
    throw new UserError(
      `Cannot set 'model' as it must be a section of keys: got ${
        formatValue(raw)
      } (${origin("model")})`,
    );
  }
  const given = { vocab_size: null, ...IMPLIED[family], ...raw };
  flatten(into, given, "model", { origin });
}

/**
 * Reads a fixture's `config.yaml`.
 *
 * @param path for messages
 * @throws {UserError} on malformed YAML and on anything unknown, ill-typed,
 *   contradictory, and on a missing number of updates
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
  flatten(flat, { family, ...rest }, "", file);
  addModel(flat, model, family, file.origin);
  fillOptim(flat, family);
  if (family === "normformer") {
    const schema = fixtureSchemas.normformer;
    fillDefaults(flat, schema, "transformer_lm_gpt");
    settlePadding(flat);
    const fixture = checkConfig(schema, flat, path);
    checkModelRules(fixture.model);
    return fixture;
  }
  const schema = fixtureSchemas.simplified_transformers;
  fillDefaults(flat, schema, "gpt2");
  const fixture = checkConfig(schema, flat, path);
  checkModelRules(fixture.model);
  return fixture;
}
