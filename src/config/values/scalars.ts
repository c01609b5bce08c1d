/**
 * Which value does text stand for in Hydra and OmegaConf, and which text does a
 * value become?
 * @module
 */

/** A value, and how it was written. */
export interface Written {
  /** Null, boolean, number, text, list, or mapping. */
  value: unknown;
  /** The same with the text of every scalar, without quotes, if it is known. */
  text?: unknown;
}

const INTEGER = /^[-+]?(?:0|[1-9](?:_?\d)*)$/;
/** A float, in any of Hydra's forms, or an integer with a point. */
const FLOAT =
  /^[-+]?(?:(?:(?:0|[1-9](?:_?\d)*)\.?|(?:0|[1-9](?:_?\d)*)?\.\d(?:_?\d)*)(?:e[-+]?\d(?:_?\d)*)?|inf|nan)$/i;

/**
 * The number, boolean or null that text without quotes is; undefined if it
 * stays text. An integer has no leading zero, so `017` stays text.
 */
export function scalarOf(text: string): number | boolean | null | undefined {
  if (INTEGER.test(text) || FLOAT.test(text)) return numberOf(text);
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  return /^null$/i.test(text) ? null : undefined;
}

/** The number that text in one of these forms is. */
function numberOf(text: string): number {
  const plain = text.replaceAll("_", "").toLowerCase();
  if (plain.endsWith("inf")) return plain[0] === "-" ? -Infinity : Infinity;
  // An integer has no negative zero.
  return INTEGER.test(plain) ? Number(plain) + 0 : Number(plain);
}

/**
 * A scalar as Python's `str()` writes it, and so OmegaConf writes a value that
 * stands inside text: `True`, `None`, `0.001`, `1e-05`.
 *
 * @param text the number as it was written: `1.0` is a float, `1` an integer
 */
export function pythonText(value: unknown, text?: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "number") return String(value);
  const integer = typeof text === "string"
    ? /^[-+]?[\d_]+$/.test(text)
    : Number.isInteger(value);
  if (!integer) return floatText(value);
  return Number.isSafeInteger(value)
    ? String(value)
    : String(text ?? BigInt(value)).replaceAll(/[+_]/g, "");
}

/** A float as Python's `repr()` writes it. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value).toLowerCase().replace("infinity", "inf");
  }
  const [digits, power] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${digits}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/**
 * A scalar after one of Hydra's casts: int, float, str or bool.
 *
 * @param text the value as it was written
 * @returns undefined where Python cannot convert it
 */
export function castScalar(
  cast: string,
  value: unknown,
  text: string,
): Written | undefined {
  if (value === null || value === undefined) return undefined;
  if (cast === "str") {
    const written = typeof value === "boolean"
      ? String(value)
      : pythonText(value, text);
    return { value: written, text: written };
  }
  if (cast === "bool") {
    if (typeof value !== "string") {
      return {
        value: Boolean(value) || Number.isNaN(value),
        text: String(value),
      };
    }
    const known = /^(?:true|false)$/i.test(value);
    return known ? { value: /^t/i.test(value), text } : undefined;
  }
  const pattern = cast === "int" ? /^\d(?:_?\d)*$/ : FLOAT;
  if (typeof value === "string") {
    const digits = value.trim().replace(/^[-+]/, "");
    // Python reads text with leading zeros.
    if (!pattern.test(digits.replace(/^0+(?=\d)/, ""))) return undefined;
  }
  const number = typeof value === "string"
    ? numberOf(value.trim())
    : Number(value);
  if (cast === "float") return { value: number, text: floatText(number) };
  if (!Number.isFinite(number)) return undefined;
  const whole = Math.trunc(number);
  return { value: whole, text: String(whole) };
}
