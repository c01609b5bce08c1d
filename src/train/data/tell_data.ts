/** What does a user read about the data before it is used? @module */
import type { Config } from "../../config/mod.ts";
import { type Prepared, preparedLines, skippedLines } from "../../data/mod.ts";

/**
 * Tells what became of the documents of a config's data: of the user's own data
 * all of it, else what was skipped.
 *
 * @param stores one, or one for each entry of `data.files` with a weight
 */
export function tellData(
  { data }: Config,
  stores: readonly Prepared[],
  say: (line: string) => void,
): void {
  for (const [i, store] of stores.entries()) {
    if (stores.length > 1) say(`'${data.files[i]}'`);
    const lines = data.name === "source"
      ? skippedLines(store)
      : preparedLines(store);
    for (const line of lines) say(line);
  }
}

/** Says how many links an entry's search did not follow. */
export function noteFolderLinks(
  links: number,
  entry: string,
  say: (line: string) => void,
): void {
  if (links === 0) return;
  say(
    links === 1
      ? `note: 1 link to a folder or to nothing in '${entry}' is not followed: name it to read what is there`
      : `note: ${links} links to folders or to nothing in '${entry}' are not followed: name them to read what is there`,
  );
}
