/**
 * The config of a run that exists. It may have come from someone else: what it
 * says is read, but it does not decide where this user's program writes.
 * @module
 */
import { type Config, fromYaml } from "../../config/mod.ts";
import { readSmallText } from "../../fs/bounded_file.ts";
import { isOwnCache, resolveCacheDir } from "../../fs/cache_dir.ts";
import { fileError } from "../../fs/file_error.ts";
import { shortPath } from "../../fs/user_path.ts";
import { say } from "../../terminal/output.ts";
import type { ParsedArgs } from "../command.ts";
import { configFromArgs } from "./config_args.ts";

/** The cache that the command line names; null for the default one. */
export type AskedCache = string | null | undefined;

/**
 * Takes `data.cache=<folder>` or `--cache=<folder>` out of arguments: the one
 * key of a run that commands on it may change.
 *
 * @returns the other positional arguments, and the cache, undefined if none is
 * named
 * @throws {UserError} if it is no path
 */
export function takeCache(
  { flags, positionals }: ParsedArgs,
): { rest: string[]; cache: AskedCache } {
  const flag = flags.cache === undefined ? [] : [`--cache=${flags.cache}`];
  const words = [...flag, ...positionals];
  const saysCache = (word: string) => /^(?:\+{0,2}data\.|--)cache=/.test(word);
  const named = words.filter(saysCache);
  const rest = words.filter((word) => !saysCache(word));
  if (named.length === 0) return { rest, cache: undefined };
  const { config } = configFromArgs({
    flags: {},
    switches: new Set(),
    positionals: named,
  });
  return { rest, cache: config.data.cache };
}

/**
 * Reads the config of a run, its `config.yaml`. Its `data.cache` stays if it is
 * a cache that blocksmith made for this user, and is the default one otherwise.
 *
 * @param cache takes its place
 * @throws {UserError} if it cannot be read, or is not a config
 */
export function readRunConfig(
  file: string,
  cache: AskedCache,
): Config {
  let yaml: string;
  try {
    yaml = readSmallText(file);
  } catch (error) {
    throw fileError("read", file, error);
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
