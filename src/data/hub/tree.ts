/**
 * The hub's list of a repository's files, as it comes and as it is kept.
 * @module
 */
import { isPath } from "./url.ts";
import { shown } from "../../terminal/quote.ts";

/** What a file's content is found and checked by. */
export interface Digest {
  /** SHA-256 of the bytes, or SHA-1 of git's object of them. */
  algorithm: "sha256" | "git-sha1";
  /** In lower-case hexadecimal. */
  hex: string;
}

/** A file or folder of a repository. */
export type TreeEntry = TreeFile | { type: "directory"; path: string };

/** A file of a repository. */
export interface TreeFile {
  type: "file";
  /** From the repository's root. */
  path: string;
  /** In bytes. */
  size: number;
  digest: Digest;
}

/**
 * Reads a page of `/api/…/tree/…`.
 *
 * @throws {TypeError} where it is no such list; the message goes on after "as"
 */
export function parseTree(page: unknown): TreeEntry[] {
  if (!Array.isArray(page)) throw new TypeError("its list of files is no list");
  const entries: TreeEntry[] = [];
  for (const item of page) {
    const { type, path, size, oid, lfs } = fields(item);
    if (typeof path !== "string" || !isPath(path)) {
      throw new TypeError(
        `its list names ${shown(path)}, which is no path inside of it`,
      );
    }
    if (type === "directory") entries.push({ type, path });
    if (type !== "file") continue; // such as git's submodules
    const big = lfs === undefined || lfs === null ? null : fields(lfs);
    const bytes = big?.size ?? size;
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) {
      throw new TypeError(`its list gives '${path}' the size ${shown(bytes)}`);
    }
    const algorithm = big ? "sha256" : "git-sha1";
    const hex = big ? big.oid ?? big.sha256 : oid;
    if (typeof hex !== "string" || !PATTERN[algorithm].test(hex)) {
      throw new TypeError(
        `its list gives '${path}' the ${algorithm} ${shown(hex)}`,
      );
    }
    entries.push({
      type,
      path,
      size: bytes as number,
      digest: { algorithm, hex },
    });
  }
  return entries;
}

/** Entries in the shape that {@linkcode parseTree} reads, so that what is kept is checked like what comes. */
export function treeJson(entries: readonly TreeEntry[]): string {
  return JSON.stringify(entries.map((entry) => {
    if (entry.type === "directory") return entry;
    const { type, path, size, digest: { algorithm, hex: oid } } = entry;
    return algorithm === "sha256"
      ? { type, path, lfs: { oid, size } }
      : { type, path, size, oid };
  }));
}

const PATTERN = { "sha256": /^[0-9a-f]{64}$/, "git-sha1": /^[0-9a-f]{40}$/ };

function fields(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`its list holds ${shown(value)}`);
}
