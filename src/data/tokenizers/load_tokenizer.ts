/**
 * How a tokenizer is chosen by name.
 * @module
 */
import { existsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import type { Tokenizer } from "./tokenizer.ts";

const BUILT_IN: Record<string, () => Promise<Tokenizer>> = {
  byte: async () => (await import("./byte.ts")).byteTokenizer,
  gpt2: async () => await (await import("./gpt2/gpt2.ts")).loadGpt2(),
};

/** Names that `loadTokenizer()` accepts beside paths and names on the hub. */
export const TOKENIZER_NAMES: readonly string[] = Object.keys(BUILT_IN);

/** What a name alone does not say. */
export interface LoadTokenizerOptions {
  /** Where downloads go; without it there are none. */
  cacheDir?: string;
  /** The config key that errors name. @default "data.tokenizer" */
  key?: string;
  /** What the user calls a tokenizer.json. @default its path */
  name?: string;
}

const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * The tokenizer that `spec` names; its tables are read at the first request only.
 * @param spec `byte`, `gpt2`, a path of a tokenizer.json or of a folder with one, `<owner>/<name>[@revision]` on the
 * Hugging Face hub, or the `source` of a tokenizer; what exists on disk is a path
 * @throws {UserError} if there is none of that name (the message lists the choices), or its files are wrong.
 */
export async function loadTokenizer(
  spec: string,
  options: LoadTokenizerOptions = {},
): Promise<Tokenizer> {
  const { cacheDir, key = "data.tokenizer" } = options;
  if (Object.hasOwn(BUILT_IN, spec)) {
    if (!loaded.has(spec)) loaded.set(spec, BUILT_IN[spec]());
    return await loaded.get(spec)!;
  }
  if (spec.startsWith("fairseq:")) {
    const { loadFairseqTokenizer } = await import(
      "./fairseq/dictionary_tokenizer.ts"
    );
    return await loadFairseqTokenizer(spec, loadTokenizer);
  }
  const { loadHubTokenizer, loadJsonTokenizer } = await import(
    "./json/load.ts"
  );
  if (spec !== "" && existsSync(spec)) {
    return loadJsonTokenizer(spec, options.name);
  }
  if (spec.endsWith(".json")) {
    throw new UserError(
      `Cannot load the tokenizer of '${key}' as there is no file ${
        JSON.stringify(spec)
      }: check the path`,
    );
  }
  const { parseHubName } = await import("../hub/mod.ts");
  const found = spec.includes("/") ? parseHubName(spec) : null;
  if (!found) {
    throw new UserError(
      `Cannot load the tokenizer as '${key}' must be one of ${
        TOKENIZER_NAMES.join(", ")
      }, the path of a tokenizer.json or of a folder with one, or <owner>/<name> on the Hugging Face hub: got ${
        JSON.stringify(spec)
      }`,
    );
  }
  if (cacheDir === undefined) {
    throw new UserError(
      `Cannot load the tokenizer '${spec}' of '${key}' as it is no file here and there is no folder for downloads: set 'data.cache'`,
    );
  }
  const { repo, revision } = found;
  return await loadHubTokenizer(repo, revision, spec, cacheDir);
}
