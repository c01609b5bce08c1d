/**
 * JSON whose bytes depend on the value alone.
 * @module
 */

/**
 * A value as JSON: keys sorted, two spaces, a newline at the end.
 *
 * @throws {TypeError} on what JSON would drop or change silently (NaN,
 * undefined, typed arrays, class instances), with its place
 */
export function stableJson(value: unknown): string {
  return JSON.stringify(sorted(value, "$"), null, 2) + "\n";
}

function sorted(value: unknown, place: string): unknown {
  if (value === null || typeof value === "string") return value;
  if (typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) {
    return value.map((item, i) => sorted(item, `${place}[${i}]`));
  }
  if (typeof value === "object") {
    const kind = Object.getPrototypeOf(value);
    if (kind === Object.prototype || kind === null) {
      const entries = Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, sorted(item, `${place}.${key}`)]),
      );
    }
  }
  const got = typeof value === "object"
    ? value.constructor?.name
    : String(value);
  throw new TypeError(`Cannot write '${place}' as JSON: got ${got}`);
}
