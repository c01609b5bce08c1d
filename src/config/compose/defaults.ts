/**
 * What is the value of a key that a config does not set? That in the reference
 * files of `configs/`.
 * @module
 */
import type { AnyModel } from "../schema/family.ts";
import type { FlatConfig } from "../values/flat_config.ts";
import { keysOf, type Schema } from "./check.ts";
import { mergeFiles } from "./defaults_list.ts";
import { openLibrary } from "./library.ts";

/** The file in `configs/model/` that documents all keys of a family. */
const REFERENCE: Record<AnyModel["name"], string> = {
  gpt2: "default",
  transformer_lm_gpt: "transformer_lm_gpt",
};

/**
 * Sets the keys of a schema that a config lacks to their defaults. Configs of
 * earlier versions stay valid so, and models with an added option stay the
 * same, as its default turns it off.
 *
 * @returns the keys that were lacking and have a default
 */
export function fillDefaults(
  flat: FlatConfig,
  schema: Schema,
  family: AnyModel["name"],
): string[] {
  const lacking = keysOf(schema).filter((key) => !flat.has(key));
  if (lacking.length === 0) return [];
  const defaults = referenceValues(family);
  return lacking.filter((key) => {
    const value = defaults.get(key);
    if (value) flat.set(key, value);
    return value !== undefined;
  });
}

/**
 * All keys of the built-in configs for a family, with their values.
 *
 * @param train the choice of `train`
 */
export const referenceValues = (
  family: AnyModel["name"],
  train = "train",
): FlatConfig =>
  mergeFiles(
    openLibrary(),
    new Map([["model", REFERENCE[family]], ["train", train]]),
  );
