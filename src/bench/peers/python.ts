/** The Python that peers run on. @module */

/** `$PYTHON`, else the `python3` on the path. */
export const python = (): string => Deno.env.get("PYTHON") || "python3";

/** The last line of a text that is not blank. */
export const lastLine = (text: string): string =>
  text.trimEnd().split("\n").at(-1) ?? "";
