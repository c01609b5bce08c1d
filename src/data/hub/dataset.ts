/**
 * Downloads the files of a Hub dataset.
 * @module
 */
import { statfsSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { fileSize } from "./cache.ts";
import { downloadFile } from "./download.ts";
import type { HubProgress } from "./hub_file.ts";
import { Repository } from "./repository.ts";
import { selectDataFiles } from "./select_files.ts";
import type { HubSettings } from "./settings.ts";
import type { TreeFile } from "./tree.ts";
import { parseHubUrl } from "./url.ts";

/** Which dataset to download, and where to. */
export interface HubDatasetOptions {
  /** `hf://datasets/<owner>/<name>[@revision][/path or glob]`. */
  url: string;
  /** Split to use; `validation` also finds a split named `valid`. */
  split: string;
  cacheDir: string;
  onProgress?: (progress: HubProgress) => void;
  /** Receives notes for the user, one line each. */
  say?: ((line: string) => void) | undefined;
  /** @default settings from the environment */
  settings?: Partial<HubSettings>;
}

/** A downloaded file of a dataset. */
export interface HubDatasetFile {
  /** Includes the commit, so equal names mean equal bytes. */
  name: string;
  path: string;
  bytes: number;
}

/** A split of a dataset. */
export interface HubDataset {
  /** In reading order. */
  files: HubDatasetFile[];
  commit: string;
}

/**
 * Downloads the files of a split, unless they are cached.
 *
 * @throws {UserError} if there are none or they cannot be downloaded
 */
export async function fetchHubDataset(
  options: HubDatasetOptions,
): Promise<HubDataset> {
  const { repo, revision, path } = parseHubUrl(options.url);
  const repository = await Repository.open({
    ...options,
    kind: "dataset",
    repo,
    revision,
  });
  const files = await selectDataFiles(repository, path, options.split);
  await downloadAll(repository, files, options.onProgress ?? (() => {}));
  return {
    commit: repository.commit,
    files: files.map((file) => ({
      name: repository.pinnedName(file.path),
      path: repository.cache.blobPath(file.digest, file.path),
      bytes: file.size,
    })),
  };
}

/** Downloads uncached files, several at a time; the first failure stops all. */
async function downloadAll(
  repository: Repository,
  files: readonly TreeFile[],
  onProgress: (progress: HubProgress) => void,
): Promise<void> {
  const { cache, settings } = repository;
  // Files with equal content are downloaded once.
  const wanted = new Map<string, TreeFile>();
  for (const file of files) {
    const target = cache.blobPath(file.digest, file.path);
    if (fileSize(target) !== file.size) wanted.set(target, file);
  }
  if (wanted.size === 0) return;
  const queue = [...wanted.values()];
  const total = queue.reduce((sum, { size }) => sum + size, 0);
  const begun = queue.reduce(
    (sum, { digest }) => sum + (fileSize(cache.partPath(digest)) ?? 0),
    0,
  );
  if (!settings.offline) checkDiskSpace(repository, total - begun);

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
        await downloadFile(repository, file, { onBytes, signal: stop.signal });
      } catch (error) {
        failures.push(error);
        stop.abort();
      }
    }
  };
  await Promise.all(
    Array.from({ length: Math.min(settings.concurrency, queue.length) }, work),
  );
  if (failures.length > 0) throw failures[0];
}

/** Fails before the download starts if the disk does not have the space. */
function checkDiskSpace(repository: Repository, bytes: number): void {
  const { dir } = repository.cache;
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(dir);
    free = bavail * bsize;
  } catch {
    return; // Not every system reports free space.
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
    }; free some space, or set 'data.cache' to a folder on another disk`,
  );
}
