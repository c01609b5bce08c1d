/**
 * What others wrote, made fit to be shown in a line.
 * @module
 */

/** The beginning of a text, without what ends lines or hides them. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 300);
}

/** The first of some names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - 12;
  return names.slice(0, 12).map(oneLine).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
}

/** The beginning of any value, as JSON. */
export function shown(value: unknown): string {
  try {
    return oneLine(JSON.stringify(value) ?? "nothing").slice(0, 100);
  } catch {
    // Too deep, or a YAML alias that holds itself.
    return `a kind of ${typeof value}`;
  }
}
