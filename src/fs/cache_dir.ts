/**
 * Where is the cache of prepared data, downloads and tuning results, and who
 * made it?
 * @module
 */
import { lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { UserError } from "../errors.ts";
import { writeFileAtomic } from "./atomic_file.ts";
import { readPlainText } from "./plain_file.ts";
import { expandHome, homeFolder } from "./user_path.ts";

/**
 * The folder of this user's caches, by the XDG base directory specification: a
 * relative path counts as none. Null for a user without a home.
 */
export function userCacheHome(): string | null {
  const set = expandHome(Deno.env.get("XDG_CACHE_HOME") ?? "");
  if (isAbsolute(set)) return set;
  const home = homeFolder();
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

const TAG = "CACHEDIR.TAG";

/** Ends a mark of blocksmith's. */
const END = "is a cache of blocksmith.\n";

/**
 * The first line is the mark of https://bford.info/cachedir/: programs that
 * make backups leave such a folder out. The second says that blocksmith made
 * this very folder: a copy in someone's archive has another inode.
 */
const tagText = (dir: string) =>
  `Signature: 8a477f597d28d172789f06886806bc55
# This folder, of inode ${statSync(dir, { bigint: true }).ino}, ${END}`;

/** What blocksmith keeps in a cache. */
const OWN = [
  TAG,
  "hub",
  "inspected.jsonl",
  "stdin",
  "stores",
  "tokenizers",
  "tuning",
];

/**
 * Makes the cache folder and marks it as blocksmith's. A folder with anything
 * else in it is not marked. Where that is not possible nothing happens:
 * whatever needs the folder says so.
 */
export function markCache(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
    const names = readdirSync(dir);
    if (isOwnCache(dir) || !names.every((name) => OWN.includes(name))) return;
    // Another program's mark stays; that of a copied cache is replaced.
    if (
      names.includes(TAG) && !readPlainText(join(dir, TAG)).endsWith(END)
    ) {
      return;
    }
    writeFileAtomic(join(dir, TAG), tagText(dir));
  } catch {
    // Read-only, or another process has marked it.
  }
}

/** Whether a folder is marked as a cache that blocksmith made for this user. */
export function isOwnCache(dir: string): boolean {
  try {
    const tag = lstatSync(join(dir, TAG)), user = Deno.uid();
    return readPlainText(join(dir, TAG)) === tagText(dir) &&
      (user === null || tag.uid === user && statSync(dir).uid === user);
  } catch {
    return false;
  }
}
