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
 * SHA-256, in hexadecimal, over all that decides a store's content: the
 * options, the tokenizer, and the name, format and content of each file in
 * order.
 */
export function fingerprintOf(
  tokenizer: Tokenizer,
  options: FingerprintOptions,
  parts: readonly (readonly Entry[])[],
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
      line([name, scan.digest, format, format === "text" ? null : field]);
    }
  }
  return hash.digest("hex");
}
