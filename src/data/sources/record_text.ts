/**
 * The text of one record.
 * @module
 */
import { NAN_STAND_IN } from "../../fs/python_json.ts";
import { CONTENT_LENGTH, oneLine } from "../../terminal/quote.ts";

/** The text, or why there is none, as a clause that follows "line 12: ". */
export type TextOrReason = { text: string } | { reason: string };

/**
 * The text in `field` of a record; `a.b` is field b of the object in a, unless
 * the record has a field `a.b`.
 */
export function fieldText(record: unknown, field: string): TextOrReason {
  if (!isObject(record)) {
    return { reason: `a record must be an object: got ${kindOf(record)}` };
  }
  let value = Object.hasOwn(record, field) ? record[field] : undefined;
  if (value === undefined) {
    let inner: unknown = record;
    for (const key of field.split(".")) {
      if (!isObject(inner) || !Object.hasOwn(inner, key)) {
        return { reason: `no field '${field}' (it has: ${keysOf(record)})` };
      }
      inner = inner[key];
    }
    value = inner;
  }
  if (typeof value === "string") return { text: value };
  return { reason: `field '${field}' must be a string: got ${kindOf(value)}` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value === NAN_STAND_IN) return "NaN";
  if (value === Infinity || value === -Infinity) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const SHOWN_KEYS = 8;

function keysOf(record: Record<string, unknown>): string {
  const keys = Object.keys(record);
  if (keys.length === 0) return "none";
  const shown = keys.slice(0, SHOWN_KEYS).map((key) =>
    oneLine(key, CONTENT_LENGTH)
  ).join(", ");
  return keys.length > SHOWN_KEYS ? shown + ", …" : shown;
}
