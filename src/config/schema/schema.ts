/**
 * The schema of the whole config, and its type. The files in `configs/`
 * document the meaning, unit and default of each key.
 * @module
 */
import * as v from "valibot";
import { UserError } from "../../errors.ts";
import { type FlatConfig, formatValue } from "../values/flat_config.ts";
import { dataSchema } from "./data_schema.ts";
import { fairseqSchema } from "./fairseq_schema.ts";
import { type AnyModel, FAMILIES } from "./family.ts";
import {
  fraction,
  fractionBelowOne,
  how,
  integerFrom,
  nonNegative,
  nullable,
  oneOf,
  path,
  positive,
  trueOrFalse,
} from "./fields.ts";
import { simplifiedSchema } from "./simplified_schema.ts";

const count = integerFrom(1);

const trainSchema = v.strictObject(how({
  device_train_batch_size: count,
  device_eval_batch_size: count,
  gradient_accumulation_steps: count,
  num_train_epochs: positive,
  max_steps: nullable(count),
  loss_average: oneOf("micro_batches", "tokens"),
  epoch_remainder: oneOf("next_epoch", "own_update"),
  optim: oneOf("adamw_hf", "adamw_torch", "adam_fairseq"),
  learning_rate: positive,
  adam_beta1: fractionBelowOne,
  adam_beta2: fractionBelowOne,
  adam_epsilon: positive,
  weight_decay: nonNegative,
  max_grad_norm: nonNegative,
  lr_scheduler_type: oneOf("polynomial", "polynomial_decay"),
  warmup_ratio: fraction,
  warmup_steps: nullable(integerFrom(0)),
  total_num_update: nullable(count),
  lr_end: nonNegative,
  power: positive,
  precision: oneOf("fp32", "fp16"),
  residual_precision: oneOf("fp32", "fp16"),
  fp16_init_scale: nullable(positive),
  fp16_scale_window: nullable(count),
  fp16_scale_tolerance: nullable(fraction),
  min_loss_scale: nullable(nonNegative),
  threshold_loss_scale: nullable(positive),
  recompute: oneOf("none", "block", "attention"),
  eval_steps: count,
  log_steps: count,
  save_steps: count,
  keep: count,
  max_eval_batches: nullable(count),
}));

/** The sections and keys that all model families share. */
const common = {
  ...how({ run: nullable(path), seed: integerFrom(0), gpu: integerFrom(0) }),
  num_token_mult: count,
  ...how({
    report_gains: trueOrFalse,
    report_attn_entropy: trueOrFalse,
    report_outliers: trueOrFalse,
    report_grad_norms: trueOrFalse,
    report_every: count,
    use_wandb: trueOrFalse,
  }),
  // Here for its place in a printed config; each family replaces the schema.
  model: simplifiedSchema,
  train: trainSchema,
  data: dataSchema,
};

/** Schema of a resolved config, by `model.name`. */
export const configSchemas = {
  gpt2: v.strictObject(common),
  transformer_lm_gpt: v.strictObject({ ...common, model: fairseqSchema }),
};

/**
 * The schema of the family that `model.name` selects.
 *
 * @throws {UserError} if there is no such family
 */
export function schemaOf(
  flat: FlatConfig,
): typeof configSchemas[AnyModel["name"]] {
  const value = flat.get("model.name");
  const name = value?.value ?? "gpt2";
  if (name === "gpt2" || name === "transformer_lm_gpt") {
    return configSchemas[name];
  }
  throw new UserError(
    `Cannot set 'model.name' as it must be one of ${FAMILIES.join(", ")}: got ${
      formatValue(name)
    } (${value!.origin})`,
  );
}

/** A resolved config: every key is set, and no interpolation is left. */
export type Config =
  & Omit<v.InferOutput<typeof configSchemas.gpt2>, "model">
  & { model: AnyModel };
/** The `train` section. */
export type TrainConfig = v.InferOutput<typeof trainSchema>;
/** The `data` section. */
export type DataConfig = v.InferOutput<typeof dataSchema>;
