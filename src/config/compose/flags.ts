/**
 * Config keys as flags in fairseq's style: `--scale-attn`, `--lr 3e-3`. A flag
 * sets the key of the same name, with dashes for underscores, or, if fairseq's
 * name differs, the key in {@linkcode ALIASES}.
 * @module
 */
import * as v from "valibot";
import { UserError } from "../../errors.ts";
import { asWritten } from "../../yaml/parse_yaml.ts";
import type { AnyModel } from "../schema/family.ts";
import { configSchemas } from "../schema/schema.ts";
import type { FlatConfig } from "../values/flat_config.ts";
import { nearest } from "../values/nearest.ts";
import { fieldOf, keysOf } from "./check.ts";
import { OPTIONS } from "./fairseq_options.ts";
import { GROUPS } from "./library.ts";
import { literalOverride } from "./literal_override.ts";
import { parseOverrides } from "./overrides.ts";

type Family = AnyModel["name"];

/** fairseq's flags to keys of another name, in all families. */
const COMMON: Record<string, string[]> = {
  "lr": ["train.learning_rate"],
  "end-learning-rate": ["train.lr_end"],
  "lr-scheduler": ["train.lr_scheduler_type"],
  "warmup-updates": ["train.warmup_steps"],
  "max-update": ["train.max_steps"],
  "max-epoch": ["train.num_train_epochs"],
  "batch-size": ["train.device_train_batch_size"],
  "batch-size-valid": ["train.device_eval_batch_size"],
  "max-valid-steps": ["train.max_eval_batches"],
  "update-freq": ["train.gradient_accumulation_steps"],
  "optimizer": ["train.optim"],
  "adam-eps": ["train.adam_epsilon"],
  "clip-norm": ["train.max_grad_norm"],
  "validate-interval-updates": ["train.eval_steps"],
  "save-interval-updates": ["train.save_steps"],
  "keep-interval-updates": ["train.keep"],
  "log-interval": ["train.log_steps"],
  "combine-valid-subsets": ["data.combine_val"],
  "save-dir": ["run"],
  "arch": ["model"],
};

/** fairseq's flags to keys of another name, by family. */
const ALIASES: Record<Family, Record<string, string[]>> = {
  transformer_lm_gpt: COMMON,
  gpt2: {
    ...COMMON,
    "tokens-per-sample": ["model.context_length"],
    "decoder-layers": ["model.n_layer"],
    "decoder-embed-dim": ["model.n_embd"],
    "decoder-attention-heads": ["model.n_head"],
    "activation-fn": ["model.activation_function"],
    "attention-dropout": ["model.attn_pdrop"],
    // fairseq has one probability for both places.
    "dropout": ["model.resid_pdrop", "model.embd_pdrop"],
  },
};

/** Flags that fairseq has two names for. */
const SAME: Record<string, string> = {
  "max-sentences": "batch-size",
  "max-sentences-valid": "batch-size-valid",
  "nval": "max-valid-steps",
};

/** The name of a flag, of those that fairseq has for it. */
export const flagName = (name: string): string => SAME[name] ?? name;

/** The flag of fairseq's that sets two keys. */
const BETAS = "adam-betas";

const FAMILIES = Object.keys(configSchemas) as Family[];

const lastPart = (key: string) => key.slice(key.lastIndexOf(".") + 1);

/** The keys that a flag may mean in a family. */
function keysFor(name: string, family: Family): string[] {
  const key = name.replaceAll("-", "_");
  const exact = keysOf(configSchemas[family]).filter((k) =>
    lastPart(k) === key
  );
  return exact.length > 0 ? exact : ALIASES[family][flagName(name)] ?? [];
}

/** The names of all flags, without dashes, sorted. */
export function flagNames(): string[] {
  const names = FAMILIES.flatMap((family) => [
    ...keysOf(configSchemas[family]).map((key) =>
      lastPart(key).replaceAll("_", "-")
    ),
    ...Object.keys(ALIASES[family]),
  ]);
  return [...new Set([...names, ...Object.keys(SAME), BETAS])].sort();
}

/**
 * Whether `--name` takes a value (`value`) or not (`switch`).
 *
 * @returns undefined if no key has such a flag
 */
export function flagKind(name: string): "switch" | "value" | undefined {
  if (name === BETAS) return "value";
  const fields = FAMILIES.flatMap((family) =>
    keysFor(name, family).map((key) => fieldOf(configSchemas[family], key))
  );
  if (fields.length === 0) {
    if (OPTIONS.includes(name)) return "switch";
    return OPTIONS.includes(`${name}=`) ? "value" : undefined;
  }
  return fields.every((f) => f?.isSwitch) ? "switch" : "value";
}

/** Whether a flag sets a key by itself, in any family. */
export const hasKey = (name: string): boolean =>
  name === BETAS || FAMILIES.some((family) => keysFor(name, family).length > 0);

/**
 * What an override's value must be, where it is not that.
 *
 * @returns null where it is, and where the family has no such key
 */
export function problemOf(override: string, family: Family): string | null {
  const schema = configSchemas[family];
  let values: FlatConfig;
  try {
    ({ values } = parseOverrides([override], GROUPS));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const key = override.slice(0, override.indexOf("="));
    return fieldOf(schema, key)?.message ?? null;
  }
  for (const [key, { value, text }] of values) {
    const field = fieldOf(schema, key);
    if (!field) continue;
    const meant = field.isText ? asWritten(value, text) : value;
    if (!v.is(field, meant)) return field.message;
  }
  return null;
}

/**
 * The overrides, `key=value`, that a flag stands for.
 *
 * @param name the flag without dashes
 * @throws {UserError} if the family has no such key, or several
 */
export function overridesOfFlag(
  name: string,
  value: string,
  family: Family,
): string[] {
  if (name === BETAS) {
    const betas = /^[([]?\s*([^\s,]+?)\s*,\s*([^\s,]+?)\s*[)\]]?$/.exec(value);
    if (!betas) {
      throw new UserError(
        `Cannot read '--${BETAS}' as it must be two numbers, like "(0.9, 0.98)": got '${value}'`,
      );
    }
    return [`train.adam_beta1=${betas[1]}`, `train.adam_beta2=${betas[2]}`];
  }
  const keys = keysFor(name, family);
  if (keys.length === 0) {
    throw new UserError(
      `Cannot use '--${name}' as a key of the model must be of its family, '${family}': the nearest flag is '--${
        nearest(name, flagNames().filter((f) => keysFor(f, family).length > 0))
      }'`,
    );
  }
  if (keys.length > 1) {
    throw new UserError(
      `Cannot use '--${name}' as it must mean one key: write ${
        keys.map((key) => `${key}=${value}`).join(" or ")
      }`,
    );
  }
  // fairseq's `adam` is one of three variants here.
  const meant = name === "optimizer" && value === "adam"
    ? "adam_fairseq"
    : value;
  return [settingOf(keys[0], meant, family)];
}

/**
 * The override that a flag's value makes of a key. A shell has read the value
 * already, so text is taken as it is; `null` and lists have the grammar of
 * overrides where the key may be that.
 */
function settingOf(key: string, value: string, family: Family): string {
  const field = fieldOf(configSchemas[family], key);
  const may = (other: unknown) => field !== undefined && v.is(field, other);
  const isText = GROUPS.includes(key) || field?.isText && may("text");
  const isOther = value === "null" && may(null) ||
    value.startsWith("[") && may([]);
  return isText && !isOther ? literalOverride(key, value) : `${key}=${value}`;
}
