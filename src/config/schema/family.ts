/**
 * The two families of models: what everything that only needs a size asks, in
 * place of a family's own key.
 * @module
 */
import type { ModelConfig } from "./simplified_schema.ts";
import type { FairseqModelConfig } from "./fairseq_schema.ts";

/** The `model` section of either family; `name` tells which. */
export type AnyModel = ModelConfig | FairseqModelConfig;

/** Names that `model.name` may have. */
export const FAMILIES: readonly AnyModel["name"][] = [
  "gpt2",
  "transformer_lm_gpt",
];

/** Tokens of a training sequence. */
export const sequenceLength = (model: AnyModel): number =>
  model.name === "gpt2" ? model.context_length : model.tokens_per_sample;

/** The key that sets {@linkcode sequenceLength}. */
export const sequenceLengthKey = (model: AnyModel): string =>
  model.name === "gpt2" ? "model.context_length" : "model.tokens_per_sample";

/** Blocks of the model, and the key that sets them. */
export const layersOf = (
  model: AnyModel,
): { layers: number; key: string } =>
  model.name === "gpt2"
    ? { layers: model.n_layer, key: "model.n_layer" }
    : { layers: model.decoder_layers, key: "model.decoder_layers" };
