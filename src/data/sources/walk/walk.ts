/**
 * The search for files: every entry that a glob reaches is found, left out by a
 * rule, or reported as one that cannot be opened. Nothing is passed by.
 * @module
 */
import { type Dirent, lstatSync, type Stats, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../../fs/file_error.ts";
import { accessReason } from "../unreadable_error.ts";
import {
  ANY_LEVELS,
  fitsSegment,
  type GlobPattern,
  parseGlob,
  type Segment,
} from "./glob_pattern.ts";

/** What a search finds. */
export interface Walk {
  /** Paths of files, and their sizes in bytes. */
  files: Map<string, number>;
  /** What cannot be opened, and why, by the path and the number of a twin. */
  unopened: Map<string, { path: string; reason: string }>;
  /** Hidden entries that were left out, in the folders that were read. */
  hidden: number;
  /**
   * Links that were left out where a file or a folder was looked for: to
   * folders, or to nothing.
   */
  folderLinks: number;
}

/** A search that has found nothing yet. */
export function newWalk(): Walk {
  return { files: new Map(), unopened: new Map(), hidden: 0, folderLinks: 0 };
}

/**
 * Adds to `walk` what `glob` finds. A link to a folder is followed only where
 * the glob has its name, so the search always ends.
 *
 * @param root the folder that a relative glob starts from
 */
export async function walkGlob(
  glob: string,
  root: string,
  walk: Walk,
): Promise<void> {
  // A glob that ends with a slash finds folders, of which none is a file.
  if (/[\\/]$/.test(glob)) return;
  for (const pattern of parseGlob(glob)) {
    await new GlobWalk(pattern, walk).from(pattern.start || root);
  }
}

/** Adds all files below a folder, at any depth. */
export async function walkFolder(folder: string, walk: Walk): Promise<void> {
  const pattern = { start: folder, segments: [ANY_LEVELS as Segment] };
  await new GlobWalk(pattern, walk).from(folder);
}

/**
 * Adds the entry at `path`, with links resolved, unless it is a folder.
 *
 * @returns its stats; undefined if there are none
 */
export function addEntry(path: string, walk: Walk): Stats | undefined {
  try {
    const stats = statSync(path);
    if (stats.isFile()) walk.files.set(path, stats.size);
    else if (!stats.isDirectory()) leaveOut(walk, path, kindOf(stats));
    return stats;
  } catch (error) {
    leaveOut(walk, path, reasonOf(path, error));
    return undefined;
  }
}

/**
 * Records that an entry cannot be opened.
 *
 * @param twin tells entries of one path apart: names that are not UTF-8 may
 *   look alike
 */
export function leaveOut(
  walk: Walk,
  path: string,
  reason: string,
  twin = 0,
): void {
  walk.unopened.set(`${path}\0${twin}`, { path, reason });
}

/** An entry of a folder. */
type Entry = Pick<
  Dirent,
  "name" | "isDirectory" | "isSymbolicLink"
>;

/** A folder to search, and the indices of the segments for its entries. */
interface Visit {
  folder: string;
  levels: ReadonlySet<number>;
}

class GlobWalk {
  #segments: Segment[];
  #walk: Walk;
  #pending: Visit[] = [];
  /** Keys of the visits so far: segments can lead to a folder in two ways. */
  #seen = new Set<string>();

  constructor({ segments }: GlobPattern, walk: Walk) {
    this.#segments = segments;
    this.#walk = walk;
  }

  async from(folder: string): Promise<void> {
    this.#visit(folder, new Set([0]));
    for (let visit; (visit = this.#pending.pop()) !== undefined;) {
      const { folder, levels } = visit;
      let before = "", twin = 0;
      for (const entry of await this.#entriesOf(folder, levels)) {
        twin = entry.name === before ? twin + 1 : 0;
        this.#enter(folder, entry, levels, twin);
        before = entry.name;
      }
    }
  }

  #visit(folder: string, levels: Set<number>): void {
    const key = `${[...levels].sort()} ${folder}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#pending.push({ folder, levels });
  }

  /**
   * The entries of a folder that may fit: all, or only those that are named, as
   * a folder may be entered that must not be listed.
   */
  async #entriesOf(
    folder: string,
    levels: ReadonlySet<number>,
  ): Promise<Entry[]> {
    const segments = [...levels].map((level) => this.#segments[level]);
    const named = segments.flatMap((s) =>
      s !== ANY_LEVELS && !s.magic ? [s.text] : []
    );
    if (named.length === segments.length) {
      return [...new Set(named)].flatMap((name) =>
        this.#namedEntry(folder, name)
      );
    }
    const entries = await this.#list(folder);
    return named.includes("..")
      ? [...entries, ...this.#namedEntry(folder, "..")]
      : entries;
  }

  async #list(folder: string): Promise<Entry[]> {
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (error) {
      // The glob wants a folder where there is a file.
      if (!hasCode(error, "ENOTDIR")) {
        leaveOut(this.#walk, folder, reasonOf(folder, error));
      }
      return [];
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  #namedEntry(folder: string, name: string): Entry[] {
    const path = join(folder, name);
    try {
      const stats = lstatSync(path, QUIETLY);
      if (stats === undefined) {
        // In a folder whose name is not UTF-8 nothing is found.
        if (folder.includes("\ufffd") && !lstatSync(folder, QUIETLY)) {
          leaveOut(this.#walk, folder, NOT_UTF8);
        }
        return [];
      }
      return [{
        name,
        isDirectory: () => stats.isDirectory(),
        isSymbolicLink: () => stats.isSymbolicLink(),
      }];
    } catch (error) {
      if (!hasCode(error, "ENOTDIR")) {
        leaveOut(this.#walk, path, reasonOf(path, error));
      }
      return [];
    }
  }

  /** Adds an entry that fits the last segment; visits one that fits another. */
  #enter(
    folder: string,
    entry: Entry,
    levels: ReadonlySet<number>,
    twin: number,
  ): void {
    const path = join(folder, entry.name);
    const next = new Set<number>();
    let fits = false;
    /** Whether it would be entered if it were a folder, and no link to one. */
    let passedLink = false;
    for (const level of levels) {
      const segment = this.#segments[level];
      if (segment === ANY_LEVELS) {
        const after = level + 1;
        if (!entry.name.startsWith(".")) {
          if (entry.isDirectory()) next.add(level);
          else fits ||= this.#isLast(level);
          passedLink ||= entry.isSymbolicLink();
        }
        // `**` may stand for no level.
        if (!this.#fits(entry, after)) continue;
        fits ||= this.#isLast(after);
        if (entry.isDirectory()) next.add(after).add(after + 1);
        else if (entry.isSymbolicLink()) next.add(after);
      } else if (this.#fits(entry, level)) {
        fits ||= this.#isLast(level);
        const link = !segment.magic && entry.isSymbolicLink();
        if (entry.isDirectory() || link) next.add(level + 1);
        else passedLink ||= entry.isSymbolicLink() && !this.#isLast(level);
        // `name/**` finds the file `name`, too.
        const below = !segment.magic && this.#segments[level + 1];
        if (below === ANY_LEVELS) fits ||= this.#isLast(level + 1);
      }
    }
    next.delete(this.#segments.length);
    // Names that are not UTF-8 may look alike, and like a name that is.
    if (twin > 0 && (fits || next.size > 0)) {
      return leaveOut(this.#walk, path, NOT_UTF8, twin);
    }
    if (!fits && next.size === 0) {
      if (passedLink) this.#passLink(path);
      else if (entry.name.startsWith(".")) this.#walk.hidden++;
      return;
    }
    if (next.size > 0) this.#visit(path, next);
    if (!fits || entry.isDirectory()) return;
    const isFolder = addEntry(path, this.#walk)?.isDirectory();
    if (isFolder && !next.size) this.#walk.folderLinks++;
  }

  /** Counts a link to a folder, or to what may have been one. */
  #passLink(path: string): void {
    let isFile = false;
    try {
      isFile = !statSync(path).isDirectory();
    } catch {
      // Where it leads cannot be known.
    }
    if (!isFile) this.#walk.folderLinks++;
  }

  #isLast(level: number): boolean {
    return level === this.#segments.length - 1;
  }

  #fits({ name }: Entry, level: number): boolean {
    return level < this.#segments.length &&
      fitsSegment(name, this.#segments[level]);
  }
}

/** Undefined for what is not there. */
const QUIETLY = { throwIfNoEntry: false } as const;

const NOT_UTF8 = "its name is not UTF-8: rename it";

/** Why an entry that is there cannot be opened. */
function reasonOf(path: string, error: unknown): string {
  if (!hasCode(error, "ENOENT")) return accessReason(error);
  // Bytes that are not UTF-8 have become U+FFFD, and the path leads nowhere.
  if (path.includes("\ufffd")) return NOT_UTF8;
  return isLink(path) ? "it is a link to nothing" : accessReason(error);
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** What an entry is that is neither file nor folder. */
function kindOf(stats: Stats): string {
  return stats.isFIFO()
    ? "it is a pipe"
    : stats.isSocket()
    ? "it is a socket"
    : "it is a device";
}
