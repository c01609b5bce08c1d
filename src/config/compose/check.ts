/**
 * From leaves to a typed config: names, interpolations, then values; the first
 * fault ends it, with one line that says where the value was set.
 * @module
 */
import * as v from "valibot";
import { UserError } from "../../errors.ts";
import { interpolate } from "../values/interpolate.ts";
import { type Leaf, type Leaves, nest, show } from "../values/flat_config.ts";
import { nearest } from "../values/nearest.ts";

/** An object schema whose entries are fields or sections. */
export type Schema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

const isSection = (schema: v.ObjectEntries[string]): schema is Schema =>
  schema.type === "strict_object";

/** Dotted names of all values of a schema, in its order. */
export function keysOf(schema: Schema, prefix = ""): string[] {
  return Object.entries(schema.entries).flatMap(([name, entry]) =>
    isSection(entry) ? keysOf(entry, `${prefix}${name}.`) : [`${prefix}${name}`]
  );
}

/** Words for {@linkcode checkLeaves}' messages. */
export interface CheckOptions {
  /** A way out for a missing key. */
  hint?(key: string): string;
  /** Names besides the schema's that an unknown key may have meant. */
  names?: readonly string[];
}

/**
 * Checks leaves against a schema and nests them.
 *
 * @param from what is being read, for the message of a missing key
 * @param options words for messages
 * @throws {UserError} on an unknown, ill-typed or missing key, and on
 * interpolations that lead nowhere
 */
export function checkLeaves<S extends Schema>(
  schema: S,
  leaves: Leaves,
  from: string,
  options: CheckOptions = {},
): v.InferOutput<S> {
  const resolved = interpolate(
    knownLeaves(schema, leaves, options.names ?? []),
  );
  for (const key of keysOf(schema)) {
    if (!resolved.has(key)) {
      throw new UserError(
        `Cannot use ${from} as '${key}' must be set: got nothing${
          options.hint?.(key) ?? ""
        }`,
      );
    }
  }
  const result = v.safeParse(schema, nest(resolved));
  if (result.success) return result.output;
  const issue = result.issues[0];
  const key = v.getDotPath(issue)!;
  const { value, origin } = resolved.get(key)!;
  throw new UserError(
    `Cannot set '${key}' as it must be ${issue.message}: got ${
      show(value)
    } (${origin})`,
  );
}

/** The leaves without empty sections, once every name is known. */
function knownLeaves(
  schema: Schema,
  leaves: Leaves,
  alsoMeant: readonly string[],
): Leaves {
  const known = keysOf(schema);
  const names = new Set(known);
  const kept = new Map<string, Leaf>();
  for (const [key, leaf] of leaves) {
    if (names.has(key)) {
      kept.set(key, leaf);
    } else if (!known.some((name) => name.startsWith(`${key}.`))) {
      throw new UserError(
        `Cannot set '${key}' as it must be a known key: the nearest is '${
          nearest(key, [...known, ...alsoMeant])
        }' (${leaf.origin})`,
      );
    } else if (leaf.value !== null) {
      throw new UserError(
        `Cannot set '${key}' as it must be a section of keys: got ${
          show(leaf.value)
        } (${leaf.origin})`,
      );
    }
  }
  return kept;
}
