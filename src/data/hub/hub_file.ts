/**
 * Single files of the hub, such as a model's tokenizer.json.
 * @module
 */
import { UserError } from "../../errors.ts";
import { sizeOf } from "./cache.ts";
import { download } from "./download.ts";
import { Repository, type RepositoryOptions } from "./repository.ts";
import { isPath } from "./url.ts";

/** How much of a download is here, in bytes. */
export interface HubProgress {
  done: number;
  total: number;
}

/** Which file, and where it goes. */
export interface HubFileOptions extends RepositoryOptions {
  /** From the repository's root. */
  path: string;
  /** Take null where the repository has no such file. @default false */
  optional?: boolean;
  onProgress?: (progress: HubProgress) => void;
}

/**
 * Fetches one file of the hub, or finds it in the cache.
 *
 * @returns its path on this machine; null where it is `optional` and the
 * repository has none
 * @throws {UserError} if it cannot be had
 */
export async function fetchHubFile(
  options: HubFileOptions,
): Promise<string | null> {
  const { path, optional = false, onProgress = () => {} } = options;
  const repository = await Repository.open(options);
  const file = isPath(path) ? await repository.find(path) : null;
  if (file === null) {
    if (optional) return null;
    throw new UserError(
      `Cannot read ${
        repository.name(path)
      } as there is no such file: see ${repository.page}`,
    );
  }
  const place = repository.cache.blob(file.digest, path);
  if (sizeOf(place) === file.size) return place;
  let done = 0;
  return await download(repository, file, {
    onBytes(bytes) {
      done += bytes;
      onProgress({ done, total: file.size });
    },
  });
}

/**
 * The commit that a revision is at: asks the hub, or, where that cannot be
 * reached, takes the one it was at last. As `revision` it makes several calls
 * see the same files.
 *
 * @returns 40 hexadecimal digits
 * @throws {UserError} if there is none
 */
export async function hubCommit(options: RepositoryOptions): Promise<string> {
  return (await Repository.open(options)).commit;
}
