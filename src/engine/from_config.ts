/** From a config to the model and plans of its run. @module */
import { type Config, layersOf } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { simplifiedModel } from "../model/simplified/model.ts";
import type { Model } from "../model/model.ts";
import { fairseqDecoder } from "../model/fairseq/decoder.ts";
import type { ParameterSpec } from "../model/parameters.ts";
import type { AdamKind } from "../optim/adam.ts";
import { historySlots } from "./train_settings.ts";
import { buildStepPlans, type StepPlans } from "./step_plans.ts";
import type { TrainSettings } from "./train_settings.ts";

/** More would take minutes to plan; the deepest published are below 2,000. */
const MOST_LAYERS = 4096;

/**
 * Refuses keys that are known but do nothing yet.
 *
 * @throws {UserError} naming the first
 */
export function refuseUnbuilt(config: Config): void {
  if (config.gpu !== 0) {
    throw new UserError(
      `Cannot use GPU ${config.gpu} as 'gpu' must be 0: WebGPU offers one adapter here; choose another by VK_DRIVER_FILES, see 'blocksmith devices --help'`,
    );
  }
}

/**
 * The config's model, with the tokenizer's vocabulary where none is set.
 *
 * @throws {UserError} if it cannot be built
 */
export function modelOf(config: Config, vocabSize: number): Model {
  const { vocab_size } = config.model;
  const { layers, key } = layersOf(config.model);
  if (layers > MOST_LAYERS) {
    throw new UserError(
      `Cannot build the model as '${key}' must be at most ${MOST_LAYERS}: got ${layers}`,
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
  const model = config.model.name === "gpt2"
    ? simplifiedModel({ ...config.model, ...size })
    : fairseqDecoder({ ...config.model, ...size });
  const { optim } = config.train;
  const parameters = model.parameters.map((p) => ({
    ...p,
    decay: decays(optim, p),
  }));
  return { ...model, parameters };
}

/**
 * Whether an optimizer decays a parameter: fairseq's decays everything, Hugging
 * Face's Trainer no norms and nothing with `bias` or `gain` in its name.
 */
function decays(optim: AdamKind, { decay, name }: ParameterSpec): boolean {
  if (optim === "adam_fairseq") return true;
  const [owner] = name.split(".").slice(-2);
  return decay && !/bias|gain/.test(name) && !/(^|_)(ln|layer_?norm|norm)(_|$)/
    .test(owner);
}

/**
 * The plans of a run on an adapter with `limits`.
 *
 * @throws {UserError} if a tensor is larger than the adapter can hold
 */
export function stepPlansOf(
  config: Config,
  model: Model,
  settings: TrainSettings,
  limits: AdapterLimits,
): StepPlans {
  const { train } = config;
  try {
    return buildStepPlans(model, {
      batchSize: train.device_train_batch_size,
      evalBatchSize: train.device_eval_batch_size,
      accumulation: train.gradient_accumulation_steps,
      adam: settings.adam,
      seed: config.seed,
      historySlots: historySlots(train.log_steps),
      report: {
        gains: config.report_gains,
        attnEntropy: config.report_attn_entropy,
        outliers: config.report_outliers,
        gradNorms: config.report_grad_norms,
      },
    }, limits);
  } catch (error) {
    throw tooLarge(error);
  }
}

/** What planning throws for a tensor beyond the adapter's limits, as the user's to mend. */
export function tooLarge(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  if (!/^Cannot (bind|place) /.test(error.message)) return error;
  const [what] = error.message.split("; lower ");
  return new UserError(
    `${what}; lower the batch size or the model's width`,
    { cause: error },
  );
}
