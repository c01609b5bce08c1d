/**
 * What others wrote, made fit to be shown in a line.
 * @module
 */
import { oneLine } from "../../terminal/quote.ts";

/** The beginning of a text, on one line. */
export const quoted = (text: string): string => oneLine(text, 300);

/** The first of some names, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length - 12;
  return names.slice(0, 12).map(quoted).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
}

/** The beginning of any value, as JSON. */
export function shown(value: unknown): string {
  try {
    return oneLine(JSON.stringify(value) ?? "nothing", 100);
  } catch {
    // Too deep, or a YAML alias that holds itself.
    return `a kind of ${typeof value}`;
  }
}
