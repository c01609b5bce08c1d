/**
 * Keeps Mesa from writing on standard error about what a run does not need.
 * @module
 */
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { hasCode } from "../fs/file_error.ts";

/**
 * To be called before the first adapter is requested. What the user has set is
 * left as it is.
 */
export function keepDriverQuiet(
  env: Pick<Deno.Env, "get" | "has" | "set"> = Deno.env,
): void {
  // Mesa says so on each start where its cache of shaders has no place.
  if (!env.has("MESA_SHADER_CACHE_DIR")) {
    const cache = env.get("XDG_CACHE_HOME") ||
      join(env.get("HOME") || "/", ".cache");
    if (!mayMake(cache)) env.set("MESA_SHADER_CACHE_DISABLE", "true");
  }
  // The layer that ranks devices complains where there is no display.
  if (!env.has("XDG_RUNTIME_DIR") && !env.has("MESA_VK_DEVICE_SELECT")) {
    env.set("NODEVICE_SELECT", "1");
  }
}

/** Whether a folder can be written, or be made. */
function mayMake(folder: string): boolean {
  for (let at = folder;; at = dirname(at)) {
    try {
      accessSync(at, constants.W_OK);
      return true;
    } catch (error) {
      if (!hasCode(error, "ENOENT") || dirname(at) === at) return false;
    }
  }
}
