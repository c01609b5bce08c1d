/**
 * Sets of data of the hub, as files on this machine.
 * @module
 */
import { statfsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { sizeOf } from "./cache.ts";
import { chooseFiles } from "./choose.ts";
import { download } from "./download.ts";
import type { HubProgress } from "./hub_file.ts";
import { Repository } from "./repository.ts";
import type { HubSettings } from "./settings.ts";
import type { TreeFile } from "./tree.ts";
import { parseHubUrl } from "./url.ts";

/** Which set, and where it goes. */
export interface HubDatasetOptions {
  /** `hf://datasets/<owner>/<name>[@revision][/path or glob]`. */
  url: string;
  /** Split to take; `validation` also finds one called `valid`. */
  split: string;
  cacheDir: string;
  onProgress?: (progress: HubProgress) => void;
  /** Takes notes for the user, one line each. */
  say?: ((line: string) => void) | undefined;
  /** @default those of the environment */
  settings?: Partial<HubSettings>;
}

/** A file of a set, on this machine. */
export interface HubDatasetFile {
  /** With the commit in it, so that equal names are equal bytes. */
  name: string;
  path: string;
  bytes: number;
}

/** A set's split. */
export interface HubDataset {
  /** In the order to read them. */
  files: HubDatasetFile[];
  commit: string;
}

/**
 * Fetches the files of a set's split, or finds them in the cache.
 *
 * @throws {UserError} if there are none or they cannot be had
 */
export async function hubDataset(
  options: HubDatasetOptions,
): Promise<HubDataset> {
  const { repo, revision, path } = parseHubUrl(options.url);
  const repository = await Repository.open({
    ...options,
    kind: "dataset",
    repo,
    revision,
  });
  const files = await chooseFiles(repository, path, options.split);
  await downloadAll(repository, files, options.onProgress ?? (() => {}));
  return {
    commit: repository.commit,
    files: files.map((file) => ({
      name: repository.pinned(file.path),
      path: repository.cache.blob(file.digest, file.path),
      bytes: file.size,
    })),
  };
}

/** Fetches what the cache does not have, some at a time; the first failure stops all. */
async function downloadAll(
  repository: Repository,
  files: readonly TreeFile[],
  onProgress: (progress: HubProgress) => void,
): Promise<void> {
  const { cache, settings } = repository;
  // Equal files are one.
  const wanted = new Map<string, TreeFile>();
  for (const file of files) {
    const place = cache.blob(file.digest, file.path);
    if (sizeOf(place) !== file.size) wanted.set(place, file);
  }
  if (wanted.size === 0) return;
  const queue = [...wanted.values()];
  const total = queue.reduce((sum, { size }) => sum + size, 0);
  const begun = queue.reduce(
    (sum, { digest }) => sum + (sizeOf(cache.part(digest)) ?? 0),
    0,
  );
  if (!settings.offline) checkRoom(repository, total - begun);

  const stop = new AbortController();
  let done = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    onProgress({ done, total });
  };
  const failures: unknown[] = [];
  const work = async () => {
    for (let file; !stop.signal.aborted && (file = queue.shift());) {
      try {
        await download(repository, file, { onBytes, signal: stop.signal });
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(settings.parallel, queue.length) }, work),
  );
  if (failures.length > 0) throw failures[0];
}

/** Refuses what the disk cannot take before hours are spent on it. */
function checkRoom(repository: Repository, bytes: number): void {
  const { dir } = repository.cache;
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(dir);
    free = bavail * bsize;
  } catch {
    return; // Not every system tells.
  }
  if (bytes <= free) return;
  const unit = bytes < 1e9 ? "MB" : "GB";
  const shown = (n: number) =>
    `${(n / (unit === "MB" ? 1e6 : 1e9)).toFixed(1)} ${unit}`;
  throw new UserError(
    `Cannot fetch ${repository.name()} as '${dir}' must have ${
      shown(bytes)
    } free: got ${
      shown(free)
    }; make room, or set 'data.cache' to a folder on another disk`,
  );
}
