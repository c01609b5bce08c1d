/**
 * Options of {@linkcode prepare}: what can be asked for, and its limits.
 * @module
 */
import { UserError } from "../../errors.ts";
import type { FingerprintForm } from "../scan/fingerprint.ts";
import type { Unopened } from "../sources/mod.ts";
import type { SourceFile } from "../sources/source_file.ts";
import type { NamedText } from "../sources/text_pieces.ts";
import type { TokenSink } from "../store/token_sink.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { PrepareProgress } from "./progress.ts";

/** Where documents come from: files, or texts in memory. */
export type DocumentSource = { files: readonly SourceFile[] } | {
  texts: readonly NamedText[];
};

/** What to prepare, and where. */
export interface PrepareOptions extends FingerprintForm {
  documents: DocumentSource;
  /**
   * Files to hold out, instead of a fraction. A file that is among `documents`
   * too is not trained on.
   * @default none
   */
  validDocuments?: readonly SourceFile[];
  /** What the search for the files found and left out; it is counted. */
  unopened?: readonly Unopened[];
  tokenizer: Tokenizer;
  /**
   * Tokens per sequence, at least 2. The tokens of a document after its last
   * whole sequence are dropped.
   */
  sequenceLength: number;
  /**
   * Part of the documents to hold out, 0 ≤ x < 1; at least one document unless
   * 0.
   * @default 0.05
   */
  validFraction?: number;
  /**
   * Decides which documents are used, and which of them are held out.
   * @default 0
   */
  seed?: number;
  /**
   * Use only this many documents: the first of NumPy's permutation for the
   * seed.
   * @default all
   */
  maxDocuments?: number | null;
  /**
   * What the user knows `maxDocuments` by.
   * @default data.max_documents
   */
  maxDocumentsRule?: string;
  /** The same for `validDocuments`. @default all */
  validMaxDocuments?: number | null;
  /**
   * Whether to drop documents whose text came before. Held-out files come
   * first.
   * @default false
   */
  dedup?: boolean;
  /**
   * Whether to skip and count what cannot be read, instead of stopping at the
   * first.
   * @default false
   */
  skipBad?: boolean;
  /**
   * Whether to skip and count, too, what holds no text and is a file that is
   * named by itself.
   * @default skipBad
   */
  skipNamed?: boolean;
  /**
   * Number of threads that read and tokenize; 0 does all in this thread.
   * @default one per core, at most six; none for little text
   */
  workers?: number | null;
  /** The store is made under `<cacheDir>/stores/`. */
  cacheDir: string;
  /** Called about twenty times per second. */
  onProgress?: (progress: PrepareProgress) => void;
  /** Called with messages for the user, one sentence each. */
  say?: ((message: string) => void) | undefined;
  /**
   * Most bytes of text that must be processed again after a kill.
   * @default 32 MiB
   */
  shardBytes?: number | undefined;
  /** Another output format, written into that folder instead of the cache. */
  out?: {
    dir: string;
    /**
     * Name and version of the format; part of the fingerprint.
     * @default "other 1"
     */
    format?: string;
    sink: (dir: string, tokenizer: Tokenizer) => TokenSink;
  };
}

/** Part of the documents that is held out by default. */
export const DEFAULT_VALID_FRACTION = 0.05;

/** Most threads: each takes up to 110 MB. */
const MAX_WORKERS = 256;

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
    (!Number.isSafeInteger(workers) || workers < 0 || workers > MAX_WORKERS)
  ) {
    refuse("data.workers", `an integer from 0 to ${MAX_WORKERS}`, workers);
  }
}
