/**
 * Which values follow from others? They are settled when a config is composed,
 * so that a saved one holds what its run computes with.
 * @module
 */
import type { FlatConfig } from "../values/flat_config.ts";

/** Id of `<pad>` in every dictionary of fairseq's. */
const PAD = 1;

const valueOf = (flat: FlatConfig, key: string) => flat.get(key)?.value;

function set(flat: FlatConfig, key: string, value: unknown): void {
  flat.set(key, { value, origin: flat.get(key)!.origin });
}

/** Replaces `model.padding_idx: dictionary` by the data's padding token. */
export function settlePadding(flat: FlatConfig): void {
  const key = "model.padding_idx";
  if (valueOf(flat, key) !== "dictionary") return;
  set(flat, key, valueOf(flat, "data.name") === "fairseq" ? PAD : null);
}

/**
 * Gives `train.warmup_steps: 0` its meaning: Hugging Face's Trainer takes it
 * for none given, fairseq as said. A saved config means what it says.
 */
export function settleWarmup(flat: FlatConfig): void {
  const key = "train.warmup_steps";
  const trainer = valueOf(flat, "train.lr_scheduler_type") === "polynomial";
  if (trainer && valueOf(flat, key) === 0) set(flat, key, null);
}
