/**
 * Parses the command line's overrides, `key=value` and `group=choice`.
 * @module
 */
import { UserError } from "../../errors.ts";
import { COMMAND_LINE, type FlatConfig } from "../values/flat_config.ts";

/** The overrides of a command line. */
export interface Overrides {
  /** Group to choice; null leaves the group out. */
  choices: Map<string, string | null>;
  /** Dotted key to value. */
  values: FlatConfig;
}

/**
 * Parses overrides in order; of two for the same key the later one wins.
 *
 * `key=value` takes a YAML scalar or a list `[a,b]`. Text with a special
 * meaning in YAML (`*.txt`, `a: b`) stays text, so globs need no quotes. A
 * leading `+` is accepted and ignored: unknown keys are refused anyway.
 *
 * @param groups names for which `name=choice` selects a file
 * @throws {UserError} on anything but `key=value`
 */
export function parseOverrides(
  overrides: readonly string[],
  groups: readonly string[],
): Overrides {
  const result: Overrides = { choices: new Map(), values: new Map() };
  for (const text of overrides) {
    const match = /^\+{0,2}([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)=(.*)$/s.exec(text);
    if (!match) {
      throw new UserError(
        text.startsWith("~")
          ? `Cannot read the override '${text}' as keys must not be removed: set it to null, '${
            text.slice(1).split("=")[0]
          }=null'`
          : `Cannot read the override '${text}' as it must be 'key=value' or 'group=choice', like 'model.n_layer=6' or 'model=op'`,
      );
    }
    const [, key, written] = match;
    const value = parseValue(written, text);
    if (!groups.includes(key)) {
      result.values.set(key, { value, origin: COMMAND_LINE });
    } else if (Array.isArray(value)) {
      throw new UserError(
        `Cannot read the override '${text}' as '${key}' must be one name: got a list`,
      );
    } else {
      result.choices.set(key, value === null ? null : String(value));
    }
  }
  return result;
}

/** Parses a value of the command line: a scalar, or a list of values. */
function parseValue(written: string, override: string): unknown {
  const text = written.trim();
  // `[ab]*.txt` is a glob, not a list: a list ends with its bracket.
  if (!/^\[.*\]$/s.test(text)) return parseScalar(text, override);
  const inside = text.slice(1, -1);
  if (inside.trim() === "") return [];
  return splitList(inside, override).map((item) => parseValue(item, override));
}

/** Splits at commas outside quotes, brackets and braces. */
function splitList(text: string, override: string): string[] {
  const items = [""];
  let depth = 0;
  let quote = "";
  for (const char of text) {
    if (quote) {
      if (char === quote) quote = "";
    } else if ((char === '"' || char === "'") && !items.at(-1)!.trim()) {
      quote = char;
    } else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    if (char === "," && depth === 0 && !quote) items.push("");
    else items[items.length - 1] += char;
  }
  if (depth !== 0 || quote) {
    throw new UserError(
      `Cannot read the override '${override}' as every ${
        quote ? "quote" : "bracket"
      } in a list must be closed`,
    );
  }
  return items;
}

/** Parses YAML 1.2's plain scalars; anything else is text. */
function parseScalar(written: string, override: string): unknown {
  const text = written.trim();
  if (/^(null|Null|NULL|~|)$/.test(text)) return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text;
  if (text.length < 2 || text.at(-1) !== quote) {
    throw new UserError(
      `Cannot read the override '${override}' as every quote must be closed`,
    );
  }
  const inside = text.slice(1, -1);
  return quote === "'"
    ? inside.replaceAll("''", "'")
    : inside.replace(/\\(["\\])/g, "$1");
}
