/**
 * Which files of a dataset form a split, by the rules of Hugging Face's
 * `datasets` (its `data_files.py`)?
 * @module
 */
import { globMatcher } from "./glob.ts";

/** Keywords in file and folder names, by split. */
const KEYWORDS: [split: string, words: string[]][] = [
  ["train", ["train", "training"]],
  ["validation", ["validation", "valid", "dev", "val"]],
  ["test", ["test", "testing", "eval", "evaluation"]],
];

const SHARD = /^(.+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/;

/** Files that describe a dataset and hold no data. */
const DESCRIPTIONS = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dummy_data.zip",
  "dataset_dict.json",
]);

/** File name patterns of the readable formats. */
const FORMATS: [format: string, endings: RegExp][] = [
  ["parquet", /\.parquet$/i],
  ["json", /\.(jsonl|json|ndjson)(\.gz|\.zst)?$/i],
  ["text", /\.txt(\.gz|\.zst)?$/i],
];

/**
 * Data files that cannot be read. They take part in finding splits, unlike
 * other files such as images of the README.
 */
const UNREADABLE_DATA =
  /\.(csv|tsv|arrow|feather|lance|zip|tar|tgz|7z|rar|gz|zst|bz2|xz|lz4|xml|h5|hdf5|npz|npy|bin|idx|pkl|pt|db|sqlite|avro|orc|py|jpe?g|png|webp|mp3|wav|flac|ogg|mp4|pdf|eval|parquet\.\w+)$/i;

/** Readable extensions, for messages. */
export const READABLE_EXTENSIONS =
  ".parquet, .jsonl, .json, .ndjson or .txt (all but the first also .gz or .zst)";

/**
 * Finds splits by file names: shards such as
 * `data/train-00000-of-00002.parquet`, else keywords in folder names, else in
 * file names, else all files are `train`.
 *
 * @param paths relative to the folder of the dataset
 */
export function splitsFromNames(
  paths: readonly string[],
): Map<string, string[]> {
  const visible = paths.filter(isVisible);
  const sharded = new Map<string, string[]>();
  for (const path of visible) {
    const split = /^data\/[^/]+$/.test(path) && SHARD.exec(path.slice(5))?.[1];
    if (!split) continue;
    const shards = sharded.get(split);
    if (shards) shards.push(path);
    else sharded.set(split, [path]);
  }
  if (sharded.size > 0) return sharded;
  // Keywords count only in the names of data files.
  const data = visible.filter((path) =>
    formatByName(path) !== null ||
    UNREADABLE_DATA.test(path) && !path.endsWith(".py")
  );
  for (const place of ["folder", "file"] as const) {
    const bySplit = new Map<string, string[]>();
    for (const [split, words] of KEYWORDS) {
      const found = data.filter((path) => hasKeyword(path, words, place));
      if (found.length > 0) bySplit.set(split, found);
    }
    if (bySplit.size > 0) return bySplit;
  }
  return new Map(data.length > 0 ? [["train", data]] : []);
}

/**
 * Whether the name of a file or of one of its folders has one of the words,
 * delimited by punctuation, digits or spaces.
 */
function hasKeyword(
  path: string,
  words: readonly string[],
  place: "folder" | "file",
): boolean {
  const parts = path.split("/");
  const names = place === "folder" ? parts.slice(0, -1) : parts.slice(-1);
  // After the word, a file name has at least its extension.
  const end = place === "folder" ? "(?:$|[-._ 0-9])" : "[-._ 0-9]";
  const pattern = new RegExp(`(?:^|[-._ 0-9])(?:${words.join("|")})${end}`);
  return names.some((name) => pattern.test(name));
}

const notHidden = globMatcher("**");

/**
 * Whether a file can hold data: not hidden, in no cache folder, not a
 * description.
 */
function isVisible(path: string): boolean {
  return notHidden(path) &&
    !DESCRIPTIONS.has(path.slice(path.lastIndexOf("/") + 1));
}

/** The format of a file by its name; null if it cannot be read. */
export function formatByName(path: string): string | null {
  return FORMATS.find(([, ending]) => ending.test(path))?.[0] ?? null;
}

/**
 * Filters the files of a split to the most common readable format: a
 * `requirements.txt` next to Parquet files is not data.
 */
export function readableFiles(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const format = formatByName(path);
    if (format) counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  const format = [...counts].find(([, count]) => count === most)?.[0];
  return paths.filter((path) => format && formatByName(path) === format);
}

/**
 * The split named `name`, or one with a synonym of it; undefined if there is
 * none.
 */
export function findSplit<T>(
  splits: ReadonlyMap<string, T>,
  name: string,
): T | undefined {
  if (splits.has(name)) return splits.get(name);
  const synonyms = KEYWORDS.find(([, words]) => words.includes(name))?.[1] ??
    [];
  const other = synonyms.find((word) => splits.has(word));
  return other === undefined ? undefined : splits.get(other);
}

/** Counts files by extension, most common first: `3 .csv, 1 .py`. */
export function describeExtensions(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths.filter(isVisible)) {
    const ending = /\.[A-Za-z0-9]{1,12}(\.(gz|zst|bz2|xz))?$/.exec(path)?.[0] ??
      "file without an extension";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8)
    .map(([ending, count]) => `${count} ${ending}`).join(", ") || "no data";
}
