/**
 * Parses and serializes the Hub's file list of a repository.
 * @module
 */
import { shown } from "../../terminal/quote.ts";
import { isSafePath } from "./url.ts";

/** Digest that identifies and verifies the content of a file. */
export interface Digest {
  /** SHA-256 of the bytes, or SHA-1 of git's blob object. */
  algorithm: "sha256" | "git-sha1";
  /** Lower-case hexadecimal. */
  hex: string;
}

/** A file or folder of a repository. */
export type TreeEntry = TreeFile | { type: "directory"; path: string };

/** A file of a repository. */
export interface TreeFile {
  type: "file";
  /** Relative to the root of the repository. */
  path: string;
  /** In bytes. */
  size: number;
  digest: Digest;
}

/**
 * Parses a page of `/api/…/tree/…`.
 *
 * @throws {TypeError} if it is not a valid list; the message continues a
 * sentence after "as"
 */
export function parseTree(page: unknown): TreeEntry[] {
  if (!Array.isArray(page)) throw new TypeError("its file list is not a list");
  const entries: TreeEntry[] = [];
  for (const item of page) {
    const { type, path, size, oid, lfs } = asObject(item);
    if (typeof path !== "string" || !isSafePath(path)) {
      throw new TypeError(
        `its file list names ${shown(path)}, which is not a path inside it`,
      );
    }
    if (type === "directory") entries.push({ type, path });
    if (type !== "file") continue; // such as git's submodules
    const big = lfs === undefined || lfs === null ? null : asObject(lfs);
    const bytes = big?.size ?? size;
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) {
      throw new TypeError(
        `its file list gives '${path}' the size ${shown(bytes)}`,
      );
    }
    const algorithm = big ? "sha256" : "git-sha1";
    const hex = big ? big.oid ?? big.sha256 : oid;
    if (typeof hex !== "string" || !HEX_PATTERN[algorithm].test(hex)) {
      throw new TypeError(
        `its file list gives '${path}' the ${algorithm} ${shown(hex)}`,
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

/**
 * Serializes entries in the format that {@linkcode parseTree} reads, so that
 * cached lists get the same checks as responses.
 */
export function serializeTree(entries: readonly TreeEntry[]): string {
  return JSON.stringify(entries.map((entry) => {
    if (entry.type === "directory") return entry;
    const { type, path, size, digest: { algorithm, hex: oid } } = entry;
    return algorithm === "sha256"
      ? { type, path, lfs: { oid, size } }
      : { type, path, size, oid };
  }));
}

const HEX_PATTERN = {
  "sha256": /^[0-9a-f]{64}$/,
  "git-sha1": /^[0-9a-f]{40}$/,
};

function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new TypeError(`its file list holds ${shown(value)}`);
}
