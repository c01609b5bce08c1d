/** Which model and step plans does a config ask for? @module */
import { type Config, layersOf } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { fairseqDecoder } from "../model/fairseq/decoder.ts";
import type { Model } from "../model/model.ts";
import { simplifiedModel } from "../model/simplified/model.ts";
import { lossScaling } from "../optim/loss_scaling.ts";
import { checkPrecision } from "./precision.ts";
import {
  buildStepPlans,
  type StepPlanOptions,
  type StepPlans,
} from "./step_plans.ts";
import { historySlots, type TrainSettings } from "./train_settings.ts";

/**
 * What a user can change where a run exceeds the device's memory, for messages.
 */
export const MEMORY_REMEDY =
  "lower train.device_train_batch_size or the model's size";

/** More would take minutes to plan; the deepest published has 1,000. */
const MAX_LAYERS = 1024;

/**
 * Refuses values of keys that are known but not supported.
 *
 * @throws {UserError} naming the first
 */
export function checkSupported(config: Config): void {
  if (config.gpu !== 0) {
    throw new UserError(
      `Cannot use GPU ${config.gpu} as 'gpu' must be 0: WebGPU offers one adapter here; choose another by VK_DRIVER_FILES, see 'blocksmith devices --help'`,
    );
  }
}

/**
 * The config's model, with the tokenizer's vocabulary size where none is set.
 *
 * @param vocabSize of the tokenizer
 * @throws {UserError} if it cannot be built
 */
export function modelOf(config: Config, vocabSize: number): Model {
  const { vocab_size } = config.model;
  const { layers, key } = layersOf(config.model);
  if (layers > MAX_LAYERS) {
    throw new UserError(
      `Cannot build the model as '${key}' must be at most ${MAX_LAYERS}: got ${layers}`,
    );
  }
  if (vocab_size !== null && vocab_size < vocabSize) {
    throw new UserError(
      `Cannot build the model as 'model.vocab_size' must be at least the tokenizer's ${vocabSize}: got ${vocab_size}`,
    );
  }
  const size = { vocab_size: vocab_size ?? vocabSize };
  const padding = config.model.name === "gpt2"
    ? null
    : config.model.padding_idx;
  if (padding !== null && padding >= size.vocab_size) {
    throw new UserError(
      `Cannot pad as 'model.padding_idx' must be below the vocabulary's ${size.vocab_size}: got ${padding}`,
    );
  }
  return config.model.name === "gpt2"
    ? simplifiedModel({ ...config.model, ...size })
    : fairseqDecoder({ ...config.model, ...size });
}

/**
 * The plans of a run on an adapter with `limits`.
 *
 * @param changes options in place of those that the config asks for
 * @throws {UserError} if a tensor is larger than the adapter can hold, and
 *   where the adapter lacks fp16
 */
export function stepPlansOf(
  config: Config,
  model: Model,
  settings: TrainSettings,
  limits: AdapterLimits,
  changes: Partial<StepPlanOptions> = {},
): StepPlans {
  const { batchSize, evalBatchSize, accumulation, adam } = settings;
  const { train } = config, half = train.precision === "fp16";
  checkPrecision({ name: "this adapter", limits }, train);
  try {
    return buildStepPlans(model, {
      batchSize,
      evalBatchSize,
      accumulation,
      adam,
      seed: config.seed,
      lossAverage: train.loss_average,
      precision: train.precision,
      residualPrecision: train.residual_precision,
      recompute: train.recompute,
      lossScaling: half
        ? lossScaling(adam.kind, train, accumulation)
        : undefined,
      historySlots: historySlots(train.log_steps),
      report: {
        gains: config.report_gains,
        attnEntropy: config.report_attn_entropy,
        outliers: config.report_outliers,
        gradNorms: config.report_grad_norms,
      },
      ...changes,
    }, limits);
  } catch (error) {
    throw explainTooLarge(error);
  }
}

/**
 * Translates the planner's error about what is beyond the adapter's limits into
 * one that names what the user can change; other errors pass.
 */
function explainTooLarge(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  if (/^Cannot run /.test(error.message)) {
    return new UserError(error.message, { cause: error });
  }
  if (!/^Cannot (bind|cut|multiply|place) /.test(error.message)) return error;
  // Rows that do not fit a binding are as long whatever the batch is.
  const longRows = /^Cannot (cut|multiply) /.test(error.message);
  const [
    what,
    remedy = longRows
      ? "the model's width or its vocabulary"
      : "the batch size or the model's width",
  ] = error.message.split("; lower ");
  return new UserError(`${what}; lower ${remedy}`, { cause: error });
}
