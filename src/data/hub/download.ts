/**
 * One file from the hub to the cache: whole, checked, and never twice.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../../errors.ts";
import { withLock } from "../../fs/durable_folder.ts";
import { diskError, onDisk, sizeOf } from "./cache.ts";
import { explained, type Repository } from "./repository.ts";
import { type Answer, HubError, persistently, request } from "./request.ts";
import type { Digest, TreeFile } from "./tree.ts";

/** Bytes that a try must bring for the next one to count as the first again. */
const GOOD_TRY = 2 ** 20;

/** What came is not what the list promised; the message goes on after "as". */
class Mismatch extends Error {}

/**
 * Fetches a file unless the cache has it, and goes on where an earlier fetch,
 * of this process or of one that was killed, was cut. A file gets its name
 * only when its digest is right; other processes that want it wait.
 *
 * @param onBytes told how much more is here, in bytes; less after a new start
 * @returns its path
 * @throws {UserError} if it cannot be had
 */
export async function download(
  repository: Repository,
  file: TreeFile,
  { onBytes = () => {}, signal }: {
    onBytes?: (bytes: number) => void;
    signal?: AbortSignal | undefined;
  } = {},
): Promise<string> {
  const { cache } = repository;
  const path = cache.blob(file.digest, file.path);
  const part = cache.part(file.digest);
  const lock = cache.lock(file.digest);
  if (sizeOf(path) === file.size) return path;
  onDisk(cache.dir, () => {
    for (const place of [path, part, lock]) {
      mkdirSync(dirname(place), { recursive: true });
    }
  });
  const here = new Count(onBytes);
  try {
    await withLock(
      lock,
      async () => {
        if (sizeOf(path) === file.size) return here.set(file.size);
        await fetchTwice(repository, file, { part, here, signal });
        renameSync(part, path);
      },
      () =>
        repository.say(
          `note: another process fetches ${
            repository.name(file.path)
          }: waiting`,
        ),
    );
    return path;
  } catch (error) {
    throw diskError(
      explained(
        error,
        { ...repository, path: file.path },
        repository.settings,
      ),
      cache.dir,
    );
  }
}

/** Bytes of one file that are here, told as changes. */
class Count {
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

interface Place {
  part: string;
  here: Count;
  signal?: AbortSignal | undefined;
}

/** Content that is wrong is fetched anew once: a cache on the way may have been, or the part that was here. */
async function fetchTwice(
  repository: Repository,
  file: TreeFile,
  place: Place,
): Promise<void> {
  for (let tries = 1;; tries++) {
    try {
      return await fetchPart(repository, file, place);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      rmSync(place.part, { force: true });
      if (tries < 2) continue;
      throw new UserError(
        `Cannot take ${
          repository.name(file.path)
        } as ${error.message}, twice: the hub or a proxy on the way to it is at fault; try again later`,
      );
    }
  }
}

/** Fills `part` up to the file's size, checks it, and waits until the disk has it. */
async function fetchPart(
  repository: Repository,
  file: TreeFile,
  { part, here, signal }: Place,
): Promise<void> {
  const { settings, say } = repository;
  const url = repository.address(file.path);
  using writer = await PartWriter.open(part, file);
  here.set(writer.at);
  let before = 0;
  if (writer.at < file.size) {
    await persistently(settings, async () => {
      before = writer.at;
      const answer = await request(url, settings, { range: before, signal });
      try {
        checkHead(answer, writer.at, file.size);
        if (answer.status === 200) writer.restart();
      } catch (error) {
        await answer.cancel();
        throw error;
      }
      for await (const bytes of answer.body()) {
        writer.write(bytes);
        here.set(writer.at);
      }
      if (writer.at < file.size) {
        throw new HubError(`the connection to ${answer.host} was cut`, {
          passing: true,
        });
      }
    }, { signal, say, advanced: () => writer.at - before >= GOOD_TRY });
  }
  writer.finish();
}

/** Holds an answer's head against what is wanted: the bytes from `at` to `size`. */
function checkHead(
  { status, headers, host, packed }: Answer,
  at: number,
  size: number,
): void {
  if (status === 416) {
    throw new Mismatch(`${host} has no bytes from ${at} on of ${size}`);
  }
  // The length of a packed body says nothing of the file's.
  const length = packed ? null : headers.get("content-length");
  if (status === 206) {
    const range = headers.get("content-range") ?? "none";
    const wanted = `bytes ${at}-${size - 1}/`;
    if (
      packed || at === 0 ||
      (range !== wanted + size && range !== wanted + "*")
    ) {
      throw new Mismatch(
        `${host} must send the range '${wanted}${size}': got '${
          range.slice(0, 60)
        }'`,
      );
    }
  }
  const rest = status === 206 ? size - at : size;
  if (length !== null && Number(length) !== rest) {
    throw new Mismatch(
      `${host} must send ${rest} bytes: got ${length.slice(0, 20)}`,
    );
  }
}

/** The beginning of a file, with the digest of what it holds so far. */
class PartWriter implements Disposable {
  /** Bytes it holds. */
  at = 0;
  readonly #handle: Deno.FsFile;
  readonly #file: TreeFile;
  #hash: Hash;

  private constructor(handle: Deno.FsFile, file: TreeFile) {
    this.#handle = handle;
    this.#file = file;
    this.#hash = hashFor(file);
  }

  /** Opens a part, and reads through what an earlier fetch has left. */
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
      throw new Mismatch(`more than ${this.#file.size} bytes come`);
    }
    for (let done = 0; done < bytes.length;) {
      done += this.#handle.writeSync(bytes.subarray(done));
    }
    this.#hash.update(bytes);
    this.at += bytes.length;
  }

  restart(): void {
    if (this.at > 0) this.#hash = hashFor(this.#file);
    this.at = 0;
    this.#handle.seekSync(0, Deno.SeekMode.Start);
    if (this.#handle.statSync().size > 0) this.#handle.truncateSync(0);
  }

  /** Checks the digest of the whole. */
  finish(): void {
    const { algorithm, hex }: Digest = this.#file.digest;
    const got = this.#hash.digest("hex");
    if (got !== hex) {
      const name = algorithm === "sha256" ? "SHA-256" : "git SHA-1";
      throw new Mismatch(`its ${name} must be ${hex}: got ${got}`);
    }
    this.#handle.syncDataSync();
  }

  [Symbol.dispose](): void {
    this.#handle.close();
  }
}

/** Git's objects begin with a line on their kind and size. */
function hashFor({ digest: { algorithm }, size }: TreeFile): Hash {
  return algorithm === "sha256"
    ? createHash("sha256")
    : createHash("sha1").update(`blob ${size}\0`);
}
