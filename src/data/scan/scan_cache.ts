/**
 * Results of the first pass over files, kept until a file changes, so that 10
 * GB need not be read again to know that they are the same.
 * @module
 */
import { appendFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openLine, sealLine } from "../../fs/checksummed_lines.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";

/**
 * Files up to this size are read again: that takes no longer than a look-up.
 */
const SMALL_BYTES = 1 << 20;

/**
 * A file that was modified so shortly before it was read may have been modified
 * again within the same clock tick, as with git's index. Three seconds, because
 * some file systems store whole seconds.
 */
const RACY_NS = 3_000_000_000n;

/**
 * Identifies a file and its state: whatever changes its content changes this.
 */
export function stampOf(path: string): string {
  const { size, mtimeNs, ctimeNs, ino, dev } = statSync(path, { bigint: true });
  return [size, mtimeNs, ctimeNs, ino, dev].join(" ");
}

/**
 * The cache: `inspected.jsonl` in the cache folder, one line per file; the last
 * line for a file counts.
 */
export class ScanCache {
  #path: string;
  #entries = new Map<string, { stamp: string; scan: FileScan }>();

  /** Reads the cache file; torn or changed lines are ignored. */
  constructor(private readonly cacheDir: string) {
    this.#path = join(cacheDir, "inspected.jsonl");
    let text = "";
    try {
      text = readFileSync(this.#path, "utf8");
    } catch {
      // Missing or unreadable: the files are scanned again.
    }
    for (const line of text.split("\n")) {
      const entry = openLine(line) as [string, string, FileScan] | undefined;
      if (entry) {
        this.#entries.set(entry[0], { stamp: entry[1], scan: entry[2] });
      }
    }
  }

  /** The scan of a file, if the file is still in the same state. */
  get(file: SourceFile, stamp: string): FileScan | undefined {
    const entry = this.#entries.get(keyOf(file));
    return entry?.stamp === stamp ? entry.scan : undefined;
  }

  /**
   * Stores the scan of a file.
   * @param stamp of the file, before it was read
   * @param since when reading started, in milliseconds since the epoch
   */
  put(file: SourceFile, stamp: string, scan: FileScan, since: number): void {
    const [size, changed, moved] = stamp.split(" ").map(BigInt);
    const latest = changed > moved ? changed : moved;
    const racy = BigInt(Math.floor(since)) * 1_000_000n - latest < RACY_NS;
    if (size <= SMALL_BYTES || racy) return;
    this.#entries.set(keyOf(file), { stamp, scan });
    try {
      mkdirSync(this.cacheDir, { recursive: true });
      // A line feed before the line too, so that a line torn by a kill spoils
      // no other line.
      appendFileSync(
        this.#path,
        "\n" + sealLine([keyOf(file), stamp, scan]),
      );
    } catch {
      // The cache is optional: if it cannot be written, files are read again.
    }
  }
}

/** What decides a file's scan, in addition to its content. */
function keyOf({ path, format, compression, field }: SourceFile): string {
  return JSON.stringify([path, format, compression, field]);
}
