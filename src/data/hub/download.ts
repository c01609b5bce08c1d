/**
 * Downloads one file from the Hub to the cache: resumable, verified by digest,
 * and once for all processes.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { withLock } from "../../fs/file_lock.ts";
import { fileSize, toDiskError, withDiskErrors } from "./cache.ts";
import { type Repository, toUserError } from "./repository.ts";
import {
  HubError,
  type HubResponse,
  requestHub,
  withRetries,
} from "./request.ts";
import type { Digest, TreeFile } from "./tree.ts";

/** An attempt that receives this many bytes resets the attempt count. */
const PROGRESS_BYTES = 2 ** 20;

/**
 * The content received differs from the file list; the message continues a
 * sentence after "as".
 */
class MismatchError extends Error {}

/**
 * Downloads a file unless it is cached. Resumes an interrupted download of this
 * or an earlier process. The file gets its final name only after its digest
 * matches; other processes that need it wait.
 *
 * @param onBytes receives the number of bytes added to the file; negative after
 * a restart
 * @returns path of the cached file
 * @throws {UserError} if it cannot be downloaded
 */
export async function downloadFile(
  repository: Repository,
  file: TreeFile,
  { onBytes = () => {}, signal }: {
    onBytes?: (bytes: number) => void;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  const { cache } = repository;
  const path = cache.blobPath(file.digest, file.path);
  const part = cache.partPath(file.digest);
  const lock = cache.lockPath(file.digest);
  if (fileSize(path) === file.size) return path;
  withDiskErrors(cache.dir, () => {
    for (const target of [path, part, lock]) {
      mkdirSync(dirname(target), { recursive: true });
    }
  });
  const progress = new ProgressCounter(onBytes);
  try {
    await withLock(
      lock,
      async () => {
        if (fileSize(path) === file.size) return progress.set(file.size);
        await fetchVerified(repository, file, { part, progress, signal });
        renameSync(part, path);
      },
      () =>
        repository.say(
          `note: another process is downloading ${
            repository.name(file.path)
          }: waiting`,
        ),
    );
    return path;
  } catch (error) {
    throw toDiskError(
      toUserError(
        error,
        { ...repository, path: file.path },
        repository.settings,
      ),
      cache.dir,
    );
  }
}

/** Reports the number of bytes present of one file as differences. */
class ProgressCounter {
  #at = 0;
  readonly #onBytes: (bytes: number) => void;
  constructor(onBytes: (bytes: number) => void) {
    this.#onBytes = onBytes;
  }
  set(at: number): void {
    if (at !== this.#at) this.#onBytes(at - this.#at);
    this.#at = at;
  }
}

interface PartTarget {
  part: string;
  progress: ProgressCounter;
  signal?: AbortSignal | undefined;
}

/**
 * Downloads a mismatching file once more from the start: a proxy cache or the
 * stored part may have been corrupt.
 */
async function fetchVerified(
  repository: Repository,
  file: TreeFile,
  target: PartTarget,
): Promise<void> {
  for (let attempt = 1;; attempt++) {
    try {
      return await completePart(repository, file, target);
    } catch (error) {
      if (!(error instanceof MismatchError)) throw error;
      rmSync(target.part, { force: true });
      if (attempt < 2) continue;
      throw new UserError(
        `Cannot use ${
          repository.name(file.path)
        } as ${error.message}, on two attempts: the Hub or a proxy in between is at fault; try again later`,
      );
    }
  }
}

/**
 * Completes `part` to the size of the file, verifies its digest and syncs it to
 * disk.
 */
async function completePart(
  repository: Repository,
  file: TreeFile,
  { part, progress, signal }: PartTarget,
): Promise<void> {
  const { settings, say } = repository;
  const url = repository.fileUrl(file.path);
  using writer = await PartWriter.open(part, file);
  progress.set(writer.at);
  let before = 0;
  if (writer.at < file.size) {
    await withRetries(settings, async () => {
      before = writer.at;
      const response = await requestHub(url, settings, {
        range: before,
        signal,
      });
      try {
        checkResponse(response, writer.at, file.size);
        if (response.status === 200) writer.restart();
      } catch (error) {
        await response.cancel();
        throw error;
      }
      for await (const bytes of response.body()) {
        writer.write(bytes);
        progress.set(writer.at);
      }
      if (writer.at < file.size) {
        throw new HubError(
          `the connection to ${response.host} was interrupted`,
          { retryable: true },
        );
      }
    }, {
      signal,
      say,
      madeProgress: () => writer.at - before >= PROGRESS_BYTES,
    });
  }
  writer.finish();
}

/**
 * Checks that the headers of a response announce the bytes from `at` to `size`.
 */
function checkResponse(
  { status, headers, host, compressed }: HubResponse,
  at: number,
  size: number,
): void {
  if (status === 416) {
    throw new MismatchError(`${host} has no bytes from ${at} of ${size}`);
  }
  // The length of a compressed body does not give the length of the file.
  const length = compressed ? null : headers.get("content-length");
  if (status === 206) {
    const range = headers.get("content-range") ?? "none";
    const wanted = `bytes ${at}-${size - 1}/`;
    if (
      compressed || at === 0 ||
      (range !== wanted + size && range !== wanted + "*")
    ) {
      throw new MismatchError(
        `${host} must send the range '${wanted}${size}': got '${
          range.slice(0, 60)
        }'`,
      );
    }
  }
  const rest = status === 206 ? size - at : size;
  if (length !== null && Number(length) !== rest) {
    throw new MismatchError(
      `${host} must send ${rest} bytes: got ${length.slice(0, 20)}`,
    );
  }
}

/** An incomplete file, with the digest of the bytes it has. */
class PartWriter implements Disposable {
  /** Number of bytes it has. */
  at = 0;
  readonly #handle: Deno.FsFile;
  readonly #file: TreeFile;
  #hash: Hash;

  private constructor(handle: Deno.FsFile, file: TreeFile) {
    this.#handle = handle;
    this.#file = file;
    this.#hash = startDigest(file);
  }

  /** Opens a part and hashes the bytes of an earlier download. */
  static async open(path: string, file: TreeFile): Promise<PartWriter> {
    const handle = await Deno.open(path, {
      read: true,
      write: true,
      create: true,
    });
    const writer = new PartWriter(handle, file);
    try {
      const { size } = await handle.stat();
      if (size > file.size) writer.restart();
      const buffer = new Uint8Array(2 ** 20);
      while (size <= file.size && writer.at < size) {
        const read = await handle.read(buffer);
        if (read === null) break;
        writer.#hash.update(buffer.subarray(0, read));
        writer.at += read;
      }
      return writer;
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  write(bytes: Uint8Array): void {
    if (this.at + bytes.length > this.#file.size) {
      throw new MismatchError(`more than ${this.#file.size} bytes arrive`);
    }
    for (let done = 0; done < bytes.length;) {
      done += this.#handle.writeSync(bytes.subarray(done));
    }
    this.#hash.update(bytes);
    this.at += bytes.length;
  }

  restart(): void {
    if (this.at > 0) this.#hash = startDigest(this.#file);
    this.at = 0;
    this.#handle.seekSync(0, Deno.SeekMode.Start);
    if (this.#handle.statSync().size > 0) this.#handle.truncateSync(0);
  }

  /** Verifies the digest of the complete file. */
  finish(): void {
    const { algorithm, hex }: Digest = this.#file.digest;
    const got = this.#hash.digest("hex");
    if (got !== hex) {
      const name = algorithm === "sha256" ? "SHA-256" : "git SHA-1";
      throw new MismatchError(`its ${name} must be ${hex}: got ${got}`);
    }
    this.#handle.syncDataSync();
  }

  [Symbol.dispose](): void {
    this.#handle.close();
  }
}

/** Git's digest includes a header with the kind and size of the object. */
function startDigest({ digest: { algorithm }, size }: TreeFile): Hash {
  return algorithm === "sha256"
    ? createHash("sha256")
    : createHash("sha1").update(`blob ${size}\0`);
}
