/**
 * A config during composition: a flat map from dotted key to value and origin.
 * Being flat, a later file overrides single keys; with the origin, every error
 * message can name the file and line.
 * @module
 */
import { UserError } from "../../errors.ts";
import { quoted } from "../../terminal/quote.ts";
import { textAt } from "../../yaml/parse_yaml.ts";

/** One value of a config. */
export interface ConfigValue {
  value: unknown;
  /** The value as it was written; for a list, that of each item. */
  text?: unknown;
  /** `configs/model/op.yaml:7`, or {@linkcode COMMAND_LINE}. */
  origin: string;
  /** Where relative paths in it start; the working folder if absent. */
  folder?: string | undefined;
}

/** Dotted key to value, in the order in which keys were first set. */
export type FlatConfig = Map<string, ConfigValue>;

/** Origin of a value that an override sets. */
export const COMMAND_LINE = "on the command line";

/** Whether a value is a mapping, that is, a section of a config. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where a mapping is said, and how it is written. */
export interface Said {
  /** Gives the origin of a dotted key, prefix included. */
  origin(key: string): string;
  /** The mapping with the text of every scalar. */
  texts?: unknown;
  /** Where relative paths start; the working folder if absent. */
  folder?: string | undefined;
}

/**
 * Adds the values of a nested mapping to `into`, replacing existing ones. A
 * section without keys becomes the value `null`.
 *
 * @param prefix dotted key of the mapping, "" for the root
 * @param said where it is said, and how it is written
 * @throws {UserError} on a key that contains a dot
 */
export function flatten(
  into: FlatConfig,
  tree: Record<string, unknown>,
  prefix: string,
  said: Said,
): void {
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix ? `${prefix}.${name}` : name;
    if (name.includes(".")) {
      const [section, ...rest] = name.split(".");
      throw new UserError(
        `Cannot set ${quoted(key)} as a key in a file must be nested, ${
          quoted(`${section}:`)
        } and below it ${quoted(`${rest.join(".")}:`)}: got a dotted name (${
          said.origin(key)
        })`,
      );
    }
    if (isMapping(value) && Object.keys(value).length > 0) {
      flatten(into, value, key, { ...said, texts: textAt(said.texts, name) });
    } else {
      const { folder } = said;
      const text = textAt(said.texts, name);
      into.set(key, {
        value: isMapping(value) ? null : value,
        ...text !== undefined && { text },
        origin: said.origin(key),
        ...folder !== undefined && { folder },
      });
    }
  }
}

/** The nested mapping of a flat config. */
export function unflatten(flat: FlatConfig): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [key, { value }] of flat) {
    const parts = key.split(".");
    const last = parts.pop()!;
    let section = root;
    for (const part of parts) {
      section = (section[part] ??= {}) as Record<string, unknown>;
    }
    section[last] = value;
  }
  return root;
}

/**
 * Formats a value for a message: short, on one line, strings in quotes.
 *
 * @param text the value as it was written
 */
export function formatValue(value: unknown, text?: unknown): string {
  if (value === undefined) return "nothing";
  const line = inline(value, text);
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
}

function inline(value: unknown, text: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map((item, i) => inline(item, textAt(text, `${i}`)));
    return `[${items.join(",")}]`;
  }
  if (typeof value === "string" || isMapping(value)) {
    return JSON.stringify(value);
  }
  return typeof text === "string" && text !== "" ? text : String(value);
}
