/**
 * The fingerprint that identifies a token store.
 * @module
 */
import { createHash } from "node:crypto";
import { type Tokenizer, TOKENIZER_PROBE } from "../tokenizers/tokenizer.ts";
import type { Entry } from "./scan_inputs.ts";

/**
 * The options that decide a store's content, in addition to its documents and
 * tokenizer. The keys and their order are part of what is hashed:
 * `contextLength` is the program's `sequenceLength`.
 */
export interface FingerprintOptions {
  /** Output format and its version. */
  format: string;
  contextLength: number;
  seed: number;
  validFraction: number | null;
  maxDocuments: number | null;
  validMaxDocuments: number | null;
  dedup: boolean;
  skipBad: boolean;
}

/**
 * Begins a fingerprint of contents alone. Without it, as in earlier versions, a
 * fingerprint covers the names of files too.
 */
export const CONTENTS = "contents:";

/** Whether a fingerprint is of version 0.1.0, which put the files' names in. */
export const holdsNames = (fingerprint: string): boolean =>
  !fingerprint.startsWith(CONTENTS);

/** Which form a fingerprint has. */
export interface FingerprintForm {
  /**
   * Whether the names of files are part of it, as in earlier versions, whose
   * runs and stores are found by it. Such a name depends on the working folder,
   * so equal data had as many fingerprints as folders to work in.
   * @default false
   */
  withNames?: boolean | undefined;
}

/**
 * SHA-256, in hexadecimal behind {@linkcode CONTENTS}, over all that decides a
 * store's content: the options, the tokenizer, and the format and content of
 * each file in order.
 */
export function fingerprintOf(
  tokenizer: Tokenizer,
  options: FingerprintOptions,
  parts: readonly (readonly Entry[])[],
  { withNames = false }: FingerprintForm = {},
): string {
  const hash = createHash("sha256");
  const line = (value: unknown) => hash.update(JSON.stringify(value) + "\n");
  line(options);
  line({
    // A tokenizer file under another name, such as the copy in a checkpoint, is
    // the same tokenizer.
    tokenizer: tokenizer.digest ?? tokenizer.name,
    vocabSize: tokenizer.vocabSize,
    probe: [...tokenizer.encode(TOKENIZER_PROBE)],
  });
  for (const entries of parts) {
    line(entries.length);
    for (const { input, scan } of entries) {
      const { name, format, field } = input;
      const content = [scan.digest, format, format === "text" ? null : field];
      line(withNames ? [name, ...content] : content);
    }
  }
  return (withNames ? "" : CONTENTS) + hash.digest("hex");
}
