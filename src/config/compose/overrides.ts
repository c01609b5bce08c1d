/**
 * What do the overrides of a command line set? Choices of groups, and keys.
 * @module
 */
import type { UserError } from "../../errors.ts";
import {
  COMMAND_LINE,
  type FlatConfig,
  flatten,
  isMapping,
} from "../values/flat_config.ts";
import { type Override, parseOverride, refusal } from "./override_grammar.ts";

/** The overrides of a command line. */
export interface Overrides {
  /** All of them, in order. */
  given: Override[];
  /** Group to choice; null leaves the group out. */
  choices: Map<string, string | null>;
  /** Dotted key to value. */
  values: FlatConfig;
}

/**
 * Parses overrides in order; of two for the same key the later one wins.
 *
 * A leading `+` or `++` is accepted and ignored: the schema has every key, so
 * adding one is setting it, and unknown ones are refused.
 *
 * @param groups names for which `name=choice` selects a file
 * @throws {UserError} on what is not Hydra's grammar, and on what has no
 * meaning here: sweeps, deletions, packages and Hydra's own settings
 */
export function parseOverrides(
  overrides: readonly string[],
  groups: readonly string[],
): Overrides {
  const given = overrides.map(parseOverride);
  const result: Overrides = { given, choices: new Map(), values: new Map() };
  for (const override of given) {
    const { source, key } = override;
    refuseForeign(override, groups);
    const { value, text } = override.value!;
    if (isMapping(value)) {
      flatten(result.values, value, key, {
        origin: () => COMMAND_LINE,
        texts: text,
      });
    } else if (!groups.includes(key)) {
      result.values.set(key, { value, text, origin: COMMAND_LINE });
    } else if (Array.isArray(value)) {
      throw refusal(source, `'${key}' must be one name: got a list`);
    } else if (value === "") {
      throw refusal(
        source,
        `'${key}' must be a name: '${key}=null' leaves the group out`,
      );
    } else {
      // A name is text even where it looks like a number.
      result.choices.set(key, value === null ? null : String(text));
    }
  }
  return result;
}

/** Refuses what Hydra's grammar has and this program does not do. */
function refuseForeign(
  { source, prefix, key, package: target }: Override,
  groups: readonly string[],
): void {
  const [first, ...rest] = key.split(/[./]/);
  if (first === "hydra") throw hydraSetting(source, key);
  if (prefix === "~") {
    throw refusal(
      source,
      groups.includes(key)
        ? `groups must not be removed: to leave one out, set it to null, '${key}=null'`
        : `keys must not be removed: where a key may be null, set it to null, '${key}=null'; else leave it to its default`,
    );
  }
  if (target !== undefined) {
    throw refusal(
      source,
      `a choice must have no package ('@${target}'), as each group has its place: write '${key}=<choice>'`,
    );
  }
  if (key.includes("/")) {
    throw refusal(
      source,
      groups.includes(first)
        ? `the group is '${first}': write '${first}=${rest.join("/")}/<choice>'`
        : `'${key}' must be one of the groups ${groups.join(", ")}`,
    );
  }
}

/** Hydra's settings that have a counterpart here. */
const INSTEAD: Record<string, string> = {
  "hydra.run.dir": "set the folder of the run by run=<folder>",
  "hydra.sweep.dir": "set the folder of each run by run=<folder>",
  "hydra.searchpath": "name your config folder by --config-dir <folder>",
  "hydra.verbose": "show the stack trace of an error by --debug",
};

function hydraSetting(source: string, key: string): UserError {
  return refusal(
    source,
    `Hydra's own settings have no effect here: ${
      INSTEAD[key] ?? "leave it out"
    }`,
  );
}
