/** How many of the documents does a config use? @module */
import type { Config } from "../../config/mod.ts";
import type { PrepareOptions } from "../../data/mod.ts";

/** How many documents are used at most, and the key that says so. */
export function documentLimit(
  { data, num_token_mult }: Config,
): Pick<PrepareOptions, "maxDocuments" | "maxDocumentsRule"> {
  const { max_documents, documents_per_token_mult } = data;
  if (max_documents !== null) return { maxDocuments: max_documents };
  if (documents_per_token_mult === null) return { maxDocuments: null };
  return {
    maxDocuments: num_token_mult * documents_per_token_mult,
    maxDocumentsRule:
      `num_token_mult=${num_token_mult} x ${documents_per_token_mult} (data.max_documents changes it)`,
  };
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
