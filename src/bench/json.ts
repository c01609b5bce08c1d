/**
 * Formats results as JSON, with keys in the style of the project's other files.
 * @module
 */

const snake = (key: string) =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Rewrites every `camelCase` key of `value` to `snake_case`; single letters
 * stay.
 */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.length === 1 ? key : snake(key),
      snakeCase(inner),
    ]),
  );
}

/** Formats `value` as indented JSON with a final line break. */
export const toJson = (value: unknown): string =>
  JSON.stringify(snakeCase(value), null, 2) + "\n";
