/**
 * The config of a run that exists. It may have come from someone else: what it
 * says is read, but it does not decide where this user's program writes.
 * @module
 */
import { join } from "node:path";
import { type Config, fromYaml } from "../config/mod.ts";
import { UserError } from "../errors.ts";
import { isOwnCache, resolveCacheDir } from "../fs/cache_dir.ts";
import { requirePlain } from "../fs/plain_file.ts";
import { absolutePath, shortPath } from "../fs/user_path.ts";
import { say } from "../terminal/output.ts";
import { readYamlText } from "../yaml/parse_yaml.ts";
import type { ParsedArgs } from "./command.ts";

/** The cache that the command line names; null for the default one. */
export type AskedCache = string | null | undefined;

/**
 * Takes `data.cache=<folder>` or `--cache=<folder>` out of arguments: the one
 * key of a run that commands on it may change.
 *
 * @returns the other positional arguments, and the cache, undefined if none is
 * named
 */
export function takeCache(
  { flags, positionals }: ParsedArgs,
): { rest: string[]; cache: AskedCache } {
  let cache: AskedCache;
  const flag = flags.cache === undefined ? [] : [`--cache=${flags.cache}`];
  const rest = [...flag, ...positionals].filter((word) => {
    const [, text] = /^(?:\+{0,2}data\.|--)cache=(.*)$/s.exec(word) ?? [];
    if (text === undefined) return true;
    const plain = text.trim().replace(/^(["'])(.*)\1$/s, "$2");
    cache = /^(|null)$/.test(plain) ? null : absolutePath(plain);
    return false;
  });
  return { rest, cache };
}

/**
 * Reads the `config.yaml` of a run. Its `data.cache` stays if it is a cache
 * that blocksmith made for this user, and is the default one otherwise.
 *
 * @param cache takes its place
 * @param missing makes the error for a file that is not there
 * @throws {UserError} if it cannot be read, or is not a config
 */
export function readRunConfig(
  dir: string,
  cache: AskedCache,
  missing: (file: string) => UserError,
): Config {
  const file = join(dir, "config.yaml");
  let yaml: string;
  try {
    requirePlain(file, "file");
    yaml = readYamlText(file);
  } catch (error) {
    throw error instanceof UserError ? error : missing(file);
  }
  const config = fromYaml(yaml, file, say);
  return {
    ...config,
    data: {
      ...config.data,
      cache: cache === undefined ? trusted(config.data.cache) : cache,
    },
  };
}

function trusted(cache: string | null): string | null {
  if (cache === null || isOwnCache(cache)) return cache;
  say(
    `note: the run's data.cache, '${
      shortPath(cache)
    }', is not marked as a cache that blocksmith made for you: using '${resolveCacheDir()}'; data.cache=<folder> names another`,
  );
  return null;
}
