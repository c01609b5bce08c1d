/**
 * What the first reading of a file found, remembered until the file changes: 10 GB need not be read again to know that
 * they are the same.
 * @module
 */
import { appendFileSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openLine, sealLine } from "../../fs/checksummed_lines.ts";
import type { FileScan, SourceFile } from "../sources/source_file.ts";

/** Files up to this size are read again: that takes no longer than to look them up. */
const SMALL_BYTES = 1 << 20;

/**
 * A file that changed so shortly before it was read may have changed again within the same tick of the clock, as in
 * git's index. Three seconds, as the time of change comes in whole ones.
 */
const RACY_NS = 3_000_000_000n;

/** Which file this is, and in which state: anything that changes its content changes this. */
export function stampOf(path: string): string {
  const { size, mtimeNs, ctimeNs, ino, dev } = statSync(path, { bigint: true });
  return [size, mtimeNs, ctimeNs, ino, dev].join(" ");
}

/** `inspected.jsonl` in the cache folder: a line a file, the last one counts. */
export class ScanCache {
  #path: string;
  #entries = new Map<string, { stamp: string; scan: FileScan }>();

  /** Reads what is there; torn or changed lines are passed over. */
  constructor(private readonly cacheDir: string) {
    this.#path = join(cacheDir, "inspected.jsonl");
    let text = "";
    try {
      text = readFileSync(this.#path, "utf8");
    } catch {
      // None yet, or not to be read: then the files are.
    }
    for (const line of text.split("\n")) {
      const entry = openLine(line) as [string, string, FileScan] | undefined;
      if (entry) {
        this.#entries.set(entry[0], { stamp: entry[1], scan: entry[2] });
      }
    }
  }

  /** What was found in a file, if it is in the state it was in then. */
  get(file: SourceFile, stamp: string): FileScan | undefined {
    const entry = this.#entries.get(keyOf(file));
    return entry?.stamp === stamp ? entry.scan : undefined;
  }

  /**
   * Remembers what was found in a file.
   * @param stamp the file's, before it was read
   * @param since when the reading began, in milliseconds of the clock
   */
  put(file: SourceFile, stamp: string, scan: FileScan, since: number): void {
    const [size, changed, moved] = stamp.split(" ").map(BigInt);
    const latest = changed > moved ? changed : moved;
    const racy = BigInt(Math.floor(since)) * 1_000_000n - latest < RACY_NS;
    if (size <= SMALL_BYTES || racy) return;
    this.#entries.set(keyOf(file), { stamp, scan });
    try {
      mkdirSync(this.cacheDir, { recursive: true });
      // A line feed before it too, so that a line torn by a kill spoils no other.
      appendFileSync(
        this.#path,
        "\n" + sealLine([keyOf(file), stamp, scan]),
      );
    } catch {
      // It is a help only: where the cache cannot be written, files are read again.
    }
  }
}

/** What of a file decides the scan, beside its content. */
function keyOf({ path, format, compression, field }: SourceFile): string {
  return JSON.stringify([path, format, compression, field]);
}
