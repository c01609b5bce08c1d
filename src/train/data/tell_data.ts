/** What is a user told of the data before it is used? @module */
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

/** Says so where `num_token_mult` is set and decides nothing. */
export function noteTokenMult(
  { data, num_token_mult }: Config,
  say: (line: string) => void,
): void {
  const { max_documents, documents_per_token_mult } = data;
  const unused = num_token_mult !== 1 && data.name === "files" &&
    max_documents === null && documents_per_token_mult === null;
  if (!unused) return;
  say(
    `note: num_token_mult=${num_token_mult} has no effect on your own files, all of whose documents are used: set data.max_documents, or data.documents_per_token_mult=100000 for the paper's rule`,
  );
}
