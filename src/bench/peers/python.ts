/** Which Python interpreter runs the peers? @module */

/** `$PYTHON`, else `python3` from the PATH. */
export const python = (): string => Deno.env.get("PYTHON") || "python3";

/** The last non-blank line of a text. */
export const lastLine = (text: string): string =>
  text.trimEnd().split("\n").at(-1) ?? "";
