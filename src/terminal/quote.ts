/**
 * What others wrote, made fit for a message.
 * @module
 */

/**
 * Text on one line, without what ends lines or hides them.
 * @param most UTF-16 units that are shown; an ellipsis says that there are more
 */
export function oneLine(text: string, most: number): string {
  const plain = text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ");
  return plain.length > most ? plain.slice(0, most) + "…" : plain;
}
