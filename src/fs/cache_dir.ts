/** Where prepared data, downloads and tuning results are kept. @module */
import { homedir } from "node:os";
import { join } from "node:path";
import type { Config } from "../config/mod.ts";

/** `data.cache`, or the user's cache folder. */
export const cacheFolder = (config?: Config): string =>
  config?.data.cache ??
    join(
      Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache"),
      "blocksmith",
    );
