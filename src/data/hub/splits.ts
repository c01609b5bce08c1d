/**
 * Which of a set's files make up a split, by the rules of Hugging Face's
 * `datasets` (its `data_files.py`).
 * @module
 */
import { globMatcher } from "./glob.ts";

/** Words in names of files and folders, by the split they tell. */
const KEYWORDS: [split: string, words: string[]][] = [
  ["train", ["train", "training"]],
  ["validation", ["validation", "valid", "dev", "val"]],
  ["test", ["test", "testing", "eval", "evaluation"]],
];

const SHARD = /^(.+)-\d{5}-of-\d{5}[^/]*\.[^/]*$/;

/** Files that describe a set, never its data. */
const DESCRIPTIONS = new Set([
  "README.md",
  "config.json",
  "dataset_info.json",
  "dataset_infos.json",
  "dummy_data.zip",
  "dataset_dict.json",
]);

/** What can be read, by the format it holds. */
const FORMATS: [format: string, endings: RegExp][] = [
  ["parquet", /\.parquet$/i],
  ["json", /\.(jsonl|json|ndjson)(\.gz|\.zst)?$/i],
  ["text", /\.txt(\.gz|\.zst)?$/i],
];

/** What holds data but cannot be read: a split made of it is none of the README's pictures. */
const FOREIGN =
  /\.(csv|tsv|arrow|feather|lance|zip|tar|tgz|7z|rar|gz|zst|bz2|xz|lz4|xml|h5|hdf5|npz|npy|bin|idx|pkl|pt|db|sqlite|avro|orc|py|jpe?g|png|webp|mp3|wav|flac|ogg|mp4|pdf|eval|parquet\.\w+)$/i;

/** Endings that can be read, for messages. */
export const READABLE =
  ".parquet, .jsonl, .json, .ndjson or .txt (all but the first also .gz or .zst)";

/**
 * The splits that names tell: shards as `data/train-00000-of-00002.parquet`,
 * else words in folders' names, else in files' names, else all is train.
 *
 * @param paths relative to the folder that counts as the set
 */
export function splitsByName(
  paths: readonly string[],
): Map<string, string[]> {
  const shown = paths.filter(isShown);
  const sharded = new Map<string, string[]>();
  for (const path of shown) {
    const split = /^data\/[^/]+$/.test(path) && SHARD.exec(path.slice(5))?.[1];
    if (split) sharded.set(split, [...sharded.get(split) ?? [], path]);
  }
  if (sharded.size > 0) return sharded;
  // Words in names of what holds no data tell nothing.
  const data = shown.filter((path) =>
    formatOf(path) !== null || FOREIGN.test(path) && !path.endsWith(".py")
  );
  for (const place of ["folder", "file"] as const) {
    const told = new Map<string, string[]>();
    for (const [split, words] of KEYWORDS) {
      const found = data.filter((path) => tells(path, words, place));
      if (found.length > 0) told.set(split, found);
    }
    if (told.size > 0) return told;
  }
  return new Map(data.length > 0 ? [["train", data]] : []);
}

/** Whether a file or one of its folders is named with a word, set off by signs, digits or spaces. */
function tells(
  path: string,
  words: readonly string[],
  place: "folder" | "file",
): boolean {
  const parts = path.split("/");
  const names = place === "folder" ? parts.slice(0, -1) : parts.slice(-1);
  // A file's name goes on after the word, if only by its ending.
  const end = place === "folder" ? "(?:$|[-._ 0-9])" : "[-._ 0-9]";
  const pattern = new RegExp(`(?:^|[-._ 0-9])(?:${words.join("|")})${end}`);
  return names.some((name) => pattern.test(name));
}

/** Hidden files, caches and descriptions hold no data. */
function isShown(path: string): boolean {
  return globMatcher("**")(path) &&
    !DESCRIPTIONS.has(path.slice(path.lastIndexOf("/") + 1));
}

/** The format that a name tells; null for what cannot be read. */
export function formatOf(path: string): string | null {
  return FORMATS.find(([, ending]) => ending.test(path))?.[0] ?? null;
}

/**
 * Of a split's files those that can be read, in their most common format: a
 * `requirements.txt` beside Parquet files is no data.
 */
export function readable(paths: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const format = formatOf(path);
    if (format) counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  const most = Math.max(...counts.values());
  const format = [...counts].find(([, count]) => count === most)?.[0];
  return paths.filter((path) => format && formatOf(path) === format);
}

/** The split called `name`, or the one that has the same meaning; undefined if there is none. */
export function findSplit<T>(
  splits: ReadonlyMap<string, T>,
  name: string,
): T | undefined {
  if (splits.has(name)) return splits.get(name);
  const same = KEYWORDS.find(([, words]) => words.includes(name))?.[1] ?? [];
  const other = same.find((word) => splits.has(word));
  return other === undefined ? undefined : splits.get(other);
}

/** `3 .csv, 1 .py`: what the files are, the most common first. */
export function endingsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths.filter(isShown)) {
    const ending = /\.[A-Za-z0-9]{1,12}(\.(gz|zst|bz2|xz))?$/.exec(path)?.[0] ??
      "file without an ending";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]).slice(0, 8)
    .map(([ending, count]) => `${count} ${ending}`).join(", ") || "no data";
}
