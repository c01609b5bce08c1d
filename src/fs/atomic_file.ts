/**
 * Files that are either old or new, never half-written.
 * @module
 */
import { basename, dirname, join } from "node:path";
import { fileError } from "./file_error.ts";
import { syncFolder, writeAll } from "./sync.ts";

/**
 * Writes a new file and waits until the disk has it.
 *
 * @param data text becomes UTF-8
 * @throws the system's error, for instance where the file exists
 */
export function writeDurably(path: string, data: string | Uint8Array): void {
  const bytes = typeof data === "string"
    ? new TextEncoder().encode(data)
    : data;
  using file = Deno.openSync(path, { write: true, createNew: true });
  writeAll(file, bytes);
  file.syncSync();
}

/**
 * Replaces a file by new content: a reader, and the disk after a power cut, has
 * all of the old content or all of the new.
 *
 * @param asError makes the error to throw from the system's
 * @throws {UserError} where the disk refuses; the old file stays
 */
export function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  asError = (error: unknown): unknown => fileError("write", path, error),
): void {
  const folder = dirname(path);
  const draft = join(folder, draftName(basename(path)));
  try {
    writeDurably(draft, data);
    Deno.renameSync(draft, path);
    syncFolder(folder);
  } catch (error) {
    // Before the removal: after it, a full disk has room again.
    const fault = asError(error);
    try {
      Deno.removeSync(draft);
    } catch {
      // Never created, or the disk is gone: the first error tells more.
    }
    throw fault;
  }
}

/**
 * The name of a draft of the file `name`, in the same folder.
 *
 * Processes in two containers may share a folder and have the same process id:
 * the id is for people, the random part keeps the names apart.
 */
export function draftName(name: string): string {
  return `.${name}.tmp-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
}

/**
 * Whether a file's name is that of a draft of {@linkcode writeFileAtomic} for
 * `name`.
 */
export function isDraftOf(name: string, draft: string): boolean {
  const prefix = `.${name}.tmp-`;
  return draft.startsWith(prefix) &&
    /^\d+(-[0-9a-f]+)?$/.test(draft.slice(prefix.length));
}
