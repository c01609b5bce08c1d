/**
 * Which calls bring written bytes and names to the disk, so that they survive a
 * power cut?
 * @module
 */
import { closeSync, fsyncSync, openSync } from "node:fs";
import { join } from "node:path";
import { hasCode } from "./file_error.ts";

/** Writes all bytes: one `write` may take only a part of a large buffer. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += file.writeSync(bytes.subarray(at));
  }
}

/**
 * Syncs a folder's list of names, so that a rename in it survives a power cut.
 */
export function syncFolder(path: string): void {
  // Windows opens no folders and needs no such call.
  if (Deno.build.os === "windows") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch (error) {
    // Some network file systems sync folders by themselves and refuse the call.
    if (!hasCode(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP")) throw error;
  } finally {
    closeSync(folder);
  }
}

/** Syncs a folder's files, its sub-folders and its list of names. */
export function syncTree(path: string): void {
  for (const entry of Deno.readDirSync(path)) {
    const inner = join(path, entry.name);
    if (entry.isDirectory) syncTree(inner);
    if (!entry.isFile) continue;
    using file = Deno.openSync(inner, { read: true });
    file.syncSync();
  }
  syncFolder(path);
}
