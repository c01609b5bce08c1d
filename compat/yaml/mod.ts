/**
 * The part of `@std/yaml` this project calls, over `npm:js-yaml` 4, from whose
 * version 3 `@std/yaml` itself was ported.
 * @module
 */
import yaml from "js-yaml";

/** What js-yaml throws (it ships no types). */
interface YamlFault extends Error {
  reason: string;
  mark?: { line: number; column: number; snippet: string };
}

const isFault = (error: unknown): error is YamlFault =>
  error instanceof yaml.YAMLException;

/** Options of {@linkcode parse}. */
export interface ParseOptions {
  /** Which scalars have a type: `failsafe` leaves all of them text. */
  schema?: "failsafe" | "default";
}

/**
 * Parse one YAML document; an empty one is `null`.
 *
 * @throws {SyntaxError} on malformed input and duplicate keys: the first line
 * of the message ends in `at line L, column C:`, both counted from 1
 */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const schema = options.schema === "failsafe"
    ? yaml.FAILSAFE_SCHEMA
    : yaml.DEFAULT_SCHEMA;
  try {
    return yaml.load(content, { schema }) ?? null;
  } catch (error) {
    if (!isFault(error)) throw error;
    const { reason, mark } = error;
    if (!mark) throw new SyntaxError(reason);
    throw new SyntaxError(
      `${reason} at line ${mark.line + 1}, column ${mark.column + 1}:\n` +
        mark.snippet,
    );
  }
}

/** Options of {@linkcode stringify}. */
export interface StringifyOptions {
  /** Spaces per level. */
  indent?: number;
  /** Line width to fold at; -1 never folds. */
  lineWidth?: number;
  /** Sort mapping keys. */
  sortKeys?: boolean;
}

/**
 * Turn a value into YAML.
 *
 * @throws {TypeError} on what YAML has no form for, a function for instance
 */
export function stringify(
  data: unknown,
  options: StringifyOptions = {},
): string {
  try {
    return yaml.dump(data, options);
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new TypeError(error.message);
  }
}
