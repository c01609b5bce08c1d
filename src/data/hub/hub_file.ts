/**
 * Downloads single files of the Hub, such as a model's tokenizer.json.
 * @module
 */
import { UserError } from "../../errors.ts";
import { formatBytes } from "../../terminal/format_numbers.ts";
import { fileSize } from "./cache.ts";
import { downloadFile } from "./download.ts";
import { Repository, type RepositoryOptions } from "./repository.ts";
import { isSafePath } from "./url.ts";

/** Progress of a download, in bytes. */
export interface HubProgress {
  done: number;
  total: number;
}

/** Which file to download, and where to. */
export interface HubFileOptions extends RepositoryOptions {
  /** Relative to the root of the repository. */
  path: string;
  /** Return null if the repository has no such file. @default false */
  optional?: boolean;
  /** Largest file to download, in bytes. @default Infinity */
  maxBytes?: number;
  onProgress?: (progress: HubProgress) => void;
}

/**
 * Downloads one file of the Hub, unless it is cached.
 *
 * @returns its path on this machine; null if it is `optional` and the
 * repository does not have it
 * @throws {UserError} if it cannot be downloaded
 */
export async function fetchHubFile(
  options: HubFileOptions,
): Promise<string | null> {
  const {
    path,
    optional = false,
    maxBytes = Infinity,
    onProgress = () => {},
  } = options;
  const repository = await Repository.open(options);
  const file = isSafePath(path) ? await repository.findFile(path) : null;
  if (file === null) {
    if (optional) return null;
    throw new UserError(
      `Cannot read ${
        repository.name(path)
      } as there is no such file: see ${repository.pageUrl}`,
    );
  }
  if (file.size > maxBytes) {
    throw new UserError(
      `Cannot use ${repository.name(path)} as it must have at most ${
        formatBytes(maxBytes)
      }: got ${formatBytes(file.size)}`,
    );
  }
  const target = repository.cache.blobPath(file.digest, path);
  if (fileSize(target) === file.size) return target;
  let done = 0;
  return await downloadFile(repository, file, {
    onBytes(bytes) {
      done += bytes;
      onProgress({ done, total: file.size });
    },
  });
}

/**
 * Resolves a revision to its commit: asks the Hub or, if it cannot be reached,
 * uses the last known commit. Passing the commit as `revision` makes several
 * calls read the same files.
 *
 * @returns 40 hexadecimal digits
 * @throws {UserError} if the revision does not exist or is not known
 */
export async function resolveHubCommit(
  options: RepositoryOptions,
): Promise<string> {
  return (await Repository.open(options)).commit;
}
