/**
 * Which tokenizer belongs to a checkpoint? Its files are saved with the
 * weights: a checkpoint must stay readable when the file that its run was given
 * is gone, or the hub cannot be reached.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/mod.ts";
import { fairseqTokenizerSpec } from "../data/fairseq/mod.ts";
import { loadTokenizer, type Tokenizer } from "../data/mod.ts";
import { UserError } from "../errors.ts";
import { writeDurably } from "../fs/atomic_file.ts";
import { resolveCacheDir } from "../fs/cache_dir.ts";
import { splitPaths } from "../fs/user_path.ts";
import { quoted } from "../terminal/quote.ts";

/**
 * Writes the files of a tokenizer, if it has any, into a checkpoint's folder.
 */
export function saveTokenizer(folder: string, tokenizer: Tokenizer): void {
  for (const { name, bytes } of tokenizer.files ?? []) {
    writeDurably(join(folder, name), bytes);
  }
}

/**
 * The tokenizer that a checkpoint was trained with: from its own files, or a
 * built-in one.
 *
 * @throws {UserError} if its files are damaged, or missing and no longer where
 *   the config says
 */
export async function loadSavedTokenizer(
  folder: string,
  config: Config,
): Promise<Tokenizer> {
  const { data } = config;
  const dict = join(folder, "dict.txt"), json = join(folder, "tokenizer.json");
  const saved = existsSync(json) ? json : null;
  if (data.name === "fairseq") {
    const found = [dict, dictionaryOf(data.path)].find(existsSync);
    if (found === undefined) {
      throw new UserError(
        `Cannot use the weights in ${
          quoted(folder)
        } as 'dict.txt' must be beside them, the dictionary they were trained with: copy it from their checkpoint too`,
      );
    }
    return await loadTokenizer(fairseqTokenizerSpec(found, saved ?? data.bpe));
  }
  return await loadTokenizer(saved ?? data.tokenizer, {
    cacheDir: resolveCacheDir(config),
    // Named as in the config, not after the checkpoint's folder.
    name: data.tokenizer,
  });
}

/** The dictionary of the folders that `data.path` names. */
function dictionaryOf(path: string | null): string {
  const [first = ""] = splitPaths(path ?? "");
  return join(first, "dict.txt");
}

/**
 * Refuses data whose ids have another meaning than the checkpoint's.
 *
 * @throws {UserError} if the tokenizers differ
 */
export function checkSameTokenizer(
  folder: string,
  saved: Tokenizer,
  ofData: Tokenizer,
): void {
  if (definitionOf(saved) === definitionOf(ofData)) return;
  const what = ofData.files?.some(({ name }) => name === "dict.txt")
    ? "dictionary"
    : "tokenizer";
  throw new UserError(
    `Cannot use ${
      quoted(folder)
    } as the data's ${what} must be the one that the checkpoint was trained with: got ${ofData.vocabSize} ids of '${ofData.name}' for ${saved.vocabSize} of '${saved.name}'; prepare the data with the ${what} in the checkpoint's folder`,
  );
}

/** Equal for tokenizers that give equal ids, wherever their files are. */
function definitionOf({ name, files }: Tokenizer): string {
  return files?.length
    ? files.map(({ name, bytes }) =>
      `${name} ${new TextDecoder().decode(bytes)}`
    )
      .join("\n")
    : name;
}
