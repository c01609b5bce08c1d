/**
 * Checks a flat config against a schema: names first, then interpolations, then
 * values. The first error stops it, with one line that says where the value was
 * set.
 * @module
 */
import * as v from "valibot";
import { UserError } from "../../errors.ts";
import { quoted } from "../../terminal/quote.ts";
import { asWritten } from "../../yaml/parse_yaml.ts";
import type { Field } from "../schema/fields.ts";
import {
  type ConfigValue,
  type FlatConfig,
  formatValue,
  unflatten,
} from "../values/flat_config.ts";
import { type Environment, interpolate } from "../values/interpolate.ts";
import { nearest } from "../values/nearest.ts";
import { absoluteValue } from "./absolute_paths.ts";

/** An object schema whose entries are fields or sections. */
export type Schema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

const isSection = (schema: v.ObjectEntries[string]): schema is Schema =>
  schema.type === "strict_object";

/** Dotted keys of all values of a schema, in its order. */
export function keysOf(schema: Schema, prefix = ""): string[] {
  return Object.entries(schema.entries).flatMap(([name, entry]) =>
    isSection(entry) ? keysOf(entry, `${prefix}${name}.`) : [`${prefix}${name}`]
  );
}

/** The schema of a key's value; undefined for a section and no key. */
export function fieldOf(
  schema: Schema,
  key: string,
): Field<unknown> | undefined {
  let at: v.ObjectEntries[string] | undefined = schema;
  for (const part of key.split(".")) {
    if (!at || !isSection(at) || !Object.hasOwn(at.entries, part)) {
      return undefined;
    }
    at = at.entries[part];
  }
  return isSection(at) ? undefined : at as Field<unknown>;
}

/** What {@linkcode checkConfig} takes from outside. */
export interface CheckOptions {
  /** Names, besides the schema's, to suggest for an unknown key. */
  names?: readonly string[];
  /** What `${oc.env:NAME}` refers to; without it, that is refused. */
  environment?: Environment | undefined;
}

/**
 * Checks a flat config against a schema and nests it.
 *
 * @param from what the config is read from, for the message about a missing key
 * @param options what it takes from outside
 * @throws {UserError} on an unknown, ill-typed or missing key, and on
 * unresolvable interpolations
 */
export function checkConfig<S extends Schema>(
  schema: S,
  flat: FlatConfig,
  from: string,
  options: CheckOptions = {},
): v.InferOutput<S> {
  const resolved = interpolate(
    knownValues(schema, flat, options.names ?? []),
    {
      environment: options.environment,
      finish: (key, said) => finishText(fieldOf(schema, key), said),
    },
  );
  for (const key of keysOf(schema)) {
    if (!resolved.has(key)) {
      throw new UserError(
        `Cannot use ${from} as '${key}' must be set: got nothing`,
      );
    }
  }
  const result = v.safeParse(schema, unflatten(resolved));
  if (result.success) return result.output;
  const issue = result.issues[0];
  const key = v.getDotPath(issue)!;
  const { value, text, origin } = resolved.get(key)!;
  const rule = fieldOf(schema, key)?.beyond?.(value) ?? issue.message;
  throw new UserError(
    `Cannot set '${key}' as it must be ${rule}: got ${
      formatValue(value, text)
    } (${origin})`,
  );
}

/**
 * The value of a key that is text: as it was written, and paths from the root.
 */
function finishText(
  field: Field<unknown> | undefined,
  said: ConfigValue,
): unknown {
  if (!field?.isText) return said.value;
  const written = asWritten(said.value, said.text);
  return absoluteValue(field.pathKind, { ...said, value: written });
}

/**
 * The values without empty sections.
 *
 * @throws {UserError} on an unknown key, and on a value in place of a section
 */
function knownValues(
  schema: Schema,
  flat: FlatConfig,
  alsoMeant: readonly string[],
): FlatConfig {
  const known = keysOf(schema);
  const names = new Set(known);
  const kept = new Map<string, ConfigValue>();
  for (const [key, value] of flat) {
    if (names.has(key)) {
      kept.set(key, value);
    } else if (!known.some((name) => name.startsWith(`${key}.`))) {
      throw new UserError(
        `Cannot set ${quoted(key)} as it must be a known key: the nearest is '${
          nearest(key, [...known, ...alsoMeant])
        }' (${value.origin})`,
      );
    } else if (value.value !== null) {
      throw new UserError(
        `Cannot set '${key}' as it must be a section of keys: got ${
          formatValue(value.value)
        } (${value.origin})`,
      );
    }
  }
  return kept;
}
