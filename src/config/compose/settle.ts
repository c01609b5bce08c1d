/**
 * Which values follow from others? They are settled when a config is composed,
 * so that a saved one holds what its run computes with.
 * @module
 */
import { UserError } from "../../errors.ts";
import { type FlatConfig, formatValue } from "../values/flat_config.ts";

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

/** The Trainer's names of precisions, in either place. */
export const PRECISION_KEYS: readonly string[] = [
  "fp16",
  "train.fp16",
  "bf16",
  "train.bf16",
];

/**
 * Takes `fp16: true`, the Trainer's name, for `train.precision: fp16`, and
 * false for fp32, unless `train.precision` follows; refuses `bf16: true`.
 *
 * @param flat values of files, or those of overrides
 */
export function settlePrecision(flat: FlatConfig): void {
  for (const key of PRECISION_KEYS) {
    const given = flat.get(key);
    if (!given) continue;
    const { value, text, origin } = given;
    if (typeof value !== "boolean") {
      throw new UserError(
        `Cannot set '${key}' as it must be true or false: got ${
          formatValue(value, text)
        } (${origin})`,
      );
    }
    const isBf16 = key.endsWith("bf16");
    if (isBf16 && value) {
      throw new UserError(
        `Cannot set '${key}' as 'train.precision' must be fp32 or fp16: got bf16 (${origin})`,
      );
    }
    const order = [...flat.keys()];
    const later = order.indexOf("train.precision") > order.indexOf(key);
    flat.delete(key);
    if (isBf16 || later) continue;
    const precision = value ? "fp16" : "fp32";
    flat.set("train.precision", { value: precision, text: precision, origin });
  }
}
