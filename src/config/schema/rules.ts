/**
 * Rules between keys: which values, valid on their own, contradict each other?
 * @module
 */
import { UserError } from "../../errors.ts";
import type { FairseqModelConfig } from "./fairseq_schema.ts";
import type { AnyModel } from "./family.ts";
import type { Config, DataConfig } from "./schema.ts";
import type { SimplifiedModelConfig } from "./simplified_schema.ts";

/**
 * Refuses model shapes and initializers that contradict each other.
 *
 * @throws {UserError} naming the keys at fault
 */
export function checkModelRules(model: AnyModel): void {
  if (model.name === "gpt2") checkSimplified(model);
  else checkFairseq(model);
}

function checkFairseq(model: FairseqModelConfig): void {
  const { decoder_embed_dim: width, decoder_attention_heads: heads } = model;
  if (width % heads !== 0) {
    throw new UserError(
      `Cannot split heads as 'model.decoder_embed_dim' must be a multiple of 'model.decoder_attention_heads': got ${width} and ${heads}`,
    );
  }
  const { padding_idx: padding, vocab_size: vocabulary } = model;
  if (padding !== null && vocabulary !== null && padding >= vocabulary) {
    throw new UserError(
      `Cannot pad as 'model.padding_idx' must be below 'model.vocab_size': got ${padding} and ${vocabulary}`,
    );
  }
  const sinusoids = !model.no_token_positional_embeddings &&
    !model.decoder_learned_pos;
  if (sinusoids && width < 4) {
    throw new UserError(
      `Cannot make sinusoids as 'model.decoder_embed_dim' must be at least 4 without 'model.decoder_learned_pos': got ${width}`,
    );
  }
}

function checkSimplified(model: SimplifiedModelConfig): void {
  if (model.n_embd % model.n_head !== 0) {
    throw new UserError(
      `Cannot split heads as 'model.n_embd' must be a multiple of 'model.n_head': got ${model.n_embd} and ${model.n_head}`,
    );
  }
  if (model.context_length > model.n_positions) {
    throw new UserError(
      `Cannot place tokens as 'model.context_length' must be at most 'model.n_positions': got ${model.context_length} and ${model.n_positions}`,
    );
  }
  const inner = model.n_embd * model.mlp_width_mult;
  if (!Number.isInteger(inner)) {
    throw new UserError(
      `Cannot size the MLP as 'model.mlp_width_mult' times 'model.n_embd' must be an integer: got ${model.mlp_width_mult} x ${model.n_embd} = ${inner}`,
    );
  }
  if (model.tie_valproj_init !== null) {
    // The fixed matrices are tied, and plain linear layers have none.
    for (const key of ["value_skip_gain", "proj_skip_gain"] as const) {
      if (model[key] === null) {
        throw new UserError(
          `Cannot tie initial values and projections as 'model.${key}' must be a number where 'model.tie_valproj_init' is '${model.tie_valproj_init}': got null`,
        );
      }
    }
  }
  if (model.scale_resids && model.mlp_block_skip_gain === 0) {
    throw new UserError(
      "Cannot scale the MLP's skip as 'model.scale_resids' must be false where 'model.mlp_block_skip_gain' is 0, which leaves that skip out: got true",
    );
  }
}

/**
 * Refuses contradictions in the learning-rate schedule, the data section, and
 * the model (see {@linkcode checkModelRules}), and loss scales that, or
 * whose inverse, no normal f32 is.
 *
 * @throws {UserError} naming the keys at fault
 */
export function checkRules(config: Config): void {
  checkModelRules(config.model);
  const { train, data } = config;
  if (train.lr_end >= train.learning_rate) {
    throw new UserError(
      `Cannot decay the learning rate as 'train.lr_end' must be below 'train.learning_rate': got ${train.lr_end} and ${train.learning_rate}`,
    );
  }
  const { warmup_steps, max_steps } = train;
  if (warmup_steps !== null && max_steps !== null && warmup_steps > max_steps) {
    throw new UserError(
      `Cannot warm up as 'train.warmup_steps' must be at most 'train.max_steps': got ${warmup_steps} and ${max_steps}`,
    );
  }
  const end = train.total_num_update;
  if (warmup_steps !== null && end !== null && warmup_steps > end) {
    throw new UserError(
      `Cannot warm up as 'train.warmup_steps' must be at most 'train.total_num_update': got ${warmup_steps} and ${end}`,
    );
  }
  for (const key of ["fp16_init_scale", "threshold_loss_scale"] as const) {
    const scale = train[key];
    if (scale === null || scale >= 2 ** -126 && scale <= 2 ** 126) continue;
    throw new UserError(
      `Cannot scale the loss as 'train.${key}' must be from 2^-126 to 2^126: got ${scale}`,
    );
  }
  checkData(data);
}

/** Refuses keys of another `data.name`, as they have no effect. */
function checkData(data: DataConfig): void {
  const { name, files, valid_files } = data;
  if (name === "files" && files.length === 0) {
    throw new UserError(
      "Cannot read text as 'data.files' must name at least one path or glob, like 'data.files=[notes/**/*.md]': got []",
    );
  }
  if (name === "source" && files.length > 0) {
    throw new UserError(
      `Cannot read 'data.files' as 'data.name' must be 'files' for that, add data=files: got 'source', which reads blocksmith's own text`,
    );
  }
  if (name === "fairseq" && files.length + valid_files.length > 0) {
    throw new UserError(
      `Cannot read 'data.files' as 'data.name' must be 'files' for that, add data=files: got 'fairseq', which reads 'data.path'`,
    );
  }
  if (name !== "fairseq" && data.path !== null) {
    throw new UserError(
      `Cannot read 'data.path' as 'data.name' must be 'fairseq' for that, add data=fairseq: got '${name}'`,
    );
  }
  const lists = [
    ["weights", data.weights, "files", files],
    ["text_field", data.text_field, "files", files],
    ["split", data.split, "files", files],
    ["valid_split", data.valid_split, "valid_files", valid_files],
  ] as const;
  for (const [key, list, of, entries] of lists) {
    if (!Array.isArray(list) || list.length === entries.length) continue;
    if (key === "weights" && list.length === 0) continue;
    throw new UserError(
      `Cannot read the data as 'data.${key}' must have one item for each of the ${entries.length} entries of 'data.${of}': got ${list.length}`,
    );
  }
}
