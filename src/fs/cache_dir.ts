/**
 * Where is the cache of prepared data, downloads and tuning results?
 * @module
 */
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { UserError } from "../errors.ts";

/**
 * The folder of this user's caches, by the XDG base directory specification: a
 * relative path counts as none. Null for a user without a home.
 */
export function userCacheHome(): string | null {
  const set = Deno.env.get("XDG_CACHE_HOME");
  if (set && isAbsolute(set)) return set;
  // Null where HOME is not set and the user has no entry in the system's list.
  const home = homedir() as string | null;
  return home && isAbsolute(home) ? join(home, ".cache") : null;
}

/**
 * `data.cache` of the config, or blocksmith's folder in the user's cache.
 *
 * @throws {UserError} if there is neither
 */
export function resolveCacheDir(
  config?: { data: { cache: string | null } },
): string {
  if (config?.data.cache) return config.data.cache;
  const caches = userCacheHome();
  if (caches === null) {
    throw new UserError(
      "Cannot choose a folder for the cache as this user has no home: set data.cache=<folder>, XDG_CACHE_HOME or HOME",
    );
  }
  return join(caches, "blocksmith");
}
