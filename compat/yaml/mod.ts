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

const { int, float } = yaml.types;

/**
 * Integers that do not begin with 1 to 9, and signs, as `@std/yaml` reads them.
 */
const INTEGER = /^[-+]?0(?:b[01_]*[01]|x[\da-fA-F_]*[\da-fA-F]|[0-7_]*[0-7])?$/;

/** All other numbers, as `@std/yaml` reads them. */
const NUMBER =
  /^(?:[-+]?(?:0|[1-9][\d_]*)(?:\.[\d_]*)?(?:[eE][-+]?\d+)?|\.[\d_]+(?:[eE][-+]?\d+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))(?<!_)$/;

/**
 * js-yaml 4 reads numbers by YAML 1.2 and its ancestor by 1.1: `017` is 15
 * there, `0o17` and `08` are texts, and `1_000` is a number. What one of them
 * writes without quotes must be the same value for the other.
 */
const SCHEMA = yaml.DEFAULT_SCHEMA.extend({
  implicit: [
    new yaml.Type(int.tag, {
      kind: "scalar",
      resolve: (text: string | null) => text !== null && INTEGER.test(text),
      construct: (text: string) => {
        const [, sign, digits] = /^([-+]?)0?(.*)$/.exec(
          text.replaceAll("_", ""),
        )!;
        const value = /^[bx]/.test(digits)
          ? Number(`0${digits}`)
          : parseInt(digits || "0", 8);
        return sign === "-" ? 0 - value : value;
      },
      predicate: int.predicate,
      represent: int.represent,
      defaultStyle: int.defaultStyle,
    }),
    new yaml.Type(float.tag, {
      kind: "scalar",
      resolve: (text: string | null) => text !== null && NUMBER.test(text),
      construct: (text: string) => {
        const plain = text.replaceAll("_", "").toLowerCase();
        if (plain.endsWith(".nan")) return NaN;
        if (plain.endsWith(".inf")) {
          return plain.startsWith("-") ? -Infinity : Infinity;
        }
        return parseFloat(plain);
      },
      predicate: float.predicate,
      represent: float.represent,
      defaultStyle: float.defaultStyle,
    }),
  ],
});

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
  const schema = options.schema === "failsafe" ? yaml.FAILSAFE_SCHEMA : SCHEMA;
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
    return yaml.dump(data, { ...options, schema: SCHEMA });
  } catch (error) {
    if (!isFault(error)) throw error;
    throw new TypeError(error.message);
  }
}
