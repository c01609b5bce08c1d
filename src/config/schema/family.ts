/**
 * The two model families: sizes that both have, whatever their key is called.
 * @module
 */
import type { FairseqModelConfig } from "./fairseq_schema.ts";
import type { SimplifiedModelConfig } from "./simplified_schema.ts";

/** The `model` section of either family; `name` says which. */
export type AnyModel = SimplifiedModelConfig | FairseqModelConfig;

/** The values of `model.name`. */
export const FAMILIES: readonly AnyModel["name"][] = [
  "gpt2",
  "transformer_lm_gpt",
];

/** Tokens per training sequence. */
export const sequenceLength = (model: AnyModel): number =>
  model.name === "gpt2" ? model.context_length : model.tokens_per_sample;

/** The key that sets {@linkcode sequenceLength}. */
export const sequenceLengthKey = (model: AnyModel): string =>
  model.name === "gpt2" ? "model.context_length" : "model.tokens_per_sample";

/** Width of the residual stream. */
export const widthOf = (model: AnyModel): number =>
  model.name === "gpt2" ? model.n_embd : model.decoder_embed_dim;

/** Whether the authors' code logs losses in bits, as fairseq does. */
export const logsBits = (model: AnyModel): boolean =>
  model.name === "transformer_lm_gpt";

/** The number of blocks, and the key that sets it. */
export const layersOf = (
  model: AnyModel,
): { layers: number; key: string } =>
  model.name === "gpt2"
    ? { layers: model.n_layer, key: "model.n_layer" }
    : { layers: model.decoder_layers, key: "model.decoder_layers" };
