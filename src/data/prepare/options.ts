/**
 * What `prepare()` is asked for.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { NamedText } from "../sources/text_pieces.ts";
import type { PrepareProgress } from "./progress.ts";
import type { TokenSink } from "../store/token_sink.ts";
import type { SourceFile } from "../sources/source_file.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";

/** Where documents come from: files, or texts in memory. */
export type DocumentSource = { files: readonly SourceFile[] } | {
  texts: readonly NamedText[];
};

/** What to prepare, and where. */
export interface PrepareOptions {
  documents: DocumentSource;
  /** Held-out files, in place of a fraction; one that is among `documents` too is not trained on. @default none */
  validDocuments?: readonly SourceFile[];
  tokenizer: Tokenizer;
  /** Tokens in a chunk, at least 2: the rest of a document that fills none is dropped. */
  sequenceLength: number;
  /** Part of the documents to hold out, 0 ≤ x < 1, at least one document unless 0. @default 0.05 */
  validFraction?: number;
  /** Decides which documents are used, and which of them are held out. @default 0 */
  seed?: number;
  /** Use only so many documents, the first of NumPy's permutation by the seed. @default all */
  maxDocuments?: number | null;
  /** The same for `validDocuments`. @default all */
  validMaxDocuments?: number | null;
  /** Whether to drop documents whose text has come before; held-out files come first. @default false */
  dedup?: boolean;
  /** Whether to leave out and count what cannot be read, in place of stopping at the first. @default false */
  skipBad?: boolean;
  /** Threads that read and tokenise; 0 for this one alone. @default one a core, six at most; none for little text */
  workers?: number | null;
  /** The store is made under `<cacheDir>/stores/`. */
  cacheDir: string;
  /** Called some twenty times a second. */
  onProgress?: (progress: PrepareProgress) => void;
  /** Told what the user should know, a sentence each. */
  say?: ((message: string) => void) | undefined;
  /** Bytes of text that a killed run loses at most. @default 32 MiB */
  shardBytes?: number | undefined;
  /** Another form, written into that folder in place of the cache. */
  out?: {
    dir: string;
    /** Name and version of the form; part of the fingerprint. @default "other 1" */
    format?: string;
    sink: (dir: string, tokenizer: Tokenizer) => TokenSink;
  };
}

/** Part of the documents that is held out unless said otherwise. */
export const DEFAULT_VALID_FRACTION = 0.05;

/** @throws {UserError} if an option is out of range. */
export function checkOptions(options: PrepareOptions): void {
  const {
    sequenceLength,
    validFraction = 0,
    seed = 0,
    workers,
  } = options;
  const refuse = (key: string, rule: string, value: unknown) => {
    throw new UserError(
      `Cannot prepare the data as '${key}' must be ${rule}: got ${value}`,
    );
  };
  if (!Number.isSafeInteger(sequenceLength) || sequenceLength < 2) {
    refuse("model.context_length", "an integer of at least 2", sequenceLength);
  }
  if (!(validFraction >= 0 && validFraction < 1)) {
    refuse("data.valid_fraction", "at least 0 and below 1", validFraction);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    refuse("data.seed", "a non-negative integer", seed);
  }
  const counts = {
    "data.max_documents": options.maxDocuments,
    "data.valid_max_documents": options.validMaxDocuments,
  };
  for (const [key, value] of Object.entries(counts)) {
    if (
      value !== null && value !== undefined &&
      (!Number.isSafeInteger(value) || value < 1)
    ) {
      refuse(key, "an integer of at least 1", value);
    }
  }
  if (
    workers !== null && workers !== undefined &&
    (!Number.isSafeInteger(workers) || workers < 0)
  ) {
    refuse("data.workers", "a non-negative integer", workers);
  }
}
