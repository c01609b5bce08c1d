/**
 * Where is the cache of prepared data, downloads and tuning results?
 * @module
 */
import { homedir } from "node:os";
import { join } from "node:path";

/** `data.cache` of the config, or blocksmith's folder in the user's cache. */
export const resolveCacheDir = (
  config?: { data: { cache: string | null } },
): string =>
  config?.data.cache ??
    join(
      Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache"),
      "blocksmith",
    );
