/** Where prepared data, downloads and tuning results are kept. @module */
import { homedir } from "node:os";
import { join } from "node:path";

/** `data.cache` of the config, or the user's cache folder. */
export const resolveCacheDir = (
  config?: { data: { cache: string | null } },
): string =>
  config?.data.cache ??
    join(
      Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache"),
      "blocksmith",
    );
