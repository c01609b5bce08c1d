/**
 * Resolves the name, path or Hub repository that `data.tokenizer` gives to a
 * tokenizer.
 * @module
 */
import { existsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { shortPath } from "../../fs/user_path.ts";
import type { Tokenizer } from "./tokenizer.ts";

const BUILT_IN: Record<string, () => Promise<Tokenizer>> = {
  byte: async () => (await import("./byte.ts")).byteTokenizer,
  gpt2: async () => await (await import("./gpt2/gpt2.ts")).loadGpt2(),
};

/**
 * Built-in names that `loadTokenizer()` accepts besides paths and Hub
 * repositories.
 */
export const TOKENIZER_NAMES: readonly string[] = Object.keys(BUILT_IN);

/** Options of {@linkcode loadTokenizer}. */
export interface LoadTokenizerOptions {
  /** Folder for downloads; without it nothing is downloaded. */
  cacheDir?: string;
  /** The config key that errors name. @default "data.tokenizer" */
  key?: string;
  /** How messages name a tokenizer.json. @default its path */
  name?: string;
}

const loaded = new Map<string, Promise<Tokenizer>>();

/**
 * Loads the tokenizer that `spec` names. Tables of a built-in tokenizer are
 * read once, on first use.
 * @param spec `byte`, `gpt2`, the path of a tokenizer.json or of a folder that
 * has one, `<owner>/<name>[@revision]` on the Hugging Face hub, or the `source`
 * of a tokenizer; an existing path takes precedence over a Hub repository
 * @throws {UserError} if the name is unknown (the message lists the choices) or
 * its files are invalid.
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
        JSON.stringify(shortPath(spec))
      }: check the path`,
    );
  }
  const { parseHubName } = await import("../hub/mod.ts");
  const found = spec.includes("/") ? parseHubName(spec) : null;
  if (!found) {
    throw new UserError(
      `Cannot load the tokenizer as '${key}' must be one of ${
        TOKENIZER_NAMES.join(", ")
      }, the path of a tokenizer.json or of a folder with one, or <owner>/<name> on the Hugging Face Hub: got ${
        JSON.stringify(spec)
      }`,
    );
  }
  if (cacheDir === undefined) {
    throw new UserError(
      `Cannot load the tokenizer '${spec}' of '${key}' as it is not a local file and there is no folder for downloads: set 'data.cache'`,
    );
  }
  const { repo, revision } = found;
  return await loadHubTokenizer(repo, revision, spec, cacheDir);
}
