/**
 * Which files of a dataset do a URL and a split name select?
 * @module
 */
import { readFileSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { listed, NAME_LENGTH, oneLine } from "../../terminal/quote.ts";
import { type CardConfig, defaultConfig, parseCard } from "./card.ts";
import { downloadFile } from "./download.ts";
import { globFolder, globMatcher, isGlob } from "./glob.ts";
import type { Repository } from "./repository.ts";
import {
  describeExtensions,
  findSplit,
  formatByName,
  READABLE_EXTENSIONS,
  readableFiles,
  splitsFromNames,
} from "./splits.ts";
import type { TreeEntry, TreeFile } from "./tree.ts";
import { formatHubName } from "./url.ts";

/**
 * Branch where the Hub stores its Parquet conversion of a dataset, one folder
 * per configuration.
 */
const PARQUET_BRANCH = "refs/convert/parquet";
/** A larger README.md is ignored. */
const MAX_CARD_BYTES = 16 * 2 ** 20;
/** Comparisons of a path with a pattern, about 2 µs each. */
const MAX_COMPARISONS = 10_000_000;

/**
 * Selects the files of a split. A file path or a glob selects its files
 * regardless of the split. In a configuration, a folder or the whole dataset,
 * the split is looked up in the header of the README, else in the file names.
 *
 * @returns at least one file, in reading order
 * @throws {UserError} if nothing matches; the message lists what exists
 */
export async function selectDataFiles(
  repository: Repository,
  path: string | undefined,
  split: string,
): Promise<TreeFile[]> {
  if (path === undefined) return await selectFromDataset(repository, split);
  if (isGlob(path)) return await selectByGlob(repository, path);
  const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  const entry = (await repository.listFolder(parent, false))
    .find((entry) => entry.path === path);
  if (entry?.type === "file") return [entry];

  const root = await repository.listFolder("", false);
  const configs = await readCardConfigs(repository, filesAmong(root));
  const config = configs.find(({ name }) => name === path);
  if (config) return await selectFromConfig(repository, config, split);
  if (entry?.type === "directory") {
    return await selectFromFolder(repository, path, split);
  }
  const names = root.map(({ path }) => path);
  throw new UserError(
    `Cannot read ${
      repository.name(path)
    } as there is no such file, folder or configuration: got ${listed(names)}`,
  );
}

/** Selects the readable files that match a glob. */
async function selectByGlob(
  repository: Repository,
  glob: string,
): Promise<TreeFile[]> {
  const matches = globMatcher(glob);
  const found = filesAmong(await repository.listFolder(globFolder(glob), true))
    .filter(({ path }) => matches(path));
  const files = found.filter(({ path }) => formatByName(path) !== null);
  if (files.length === 0) throw noReadableFiles(repository, glob, found);
  return files;
}

/** Selects a split of a dataset without a path. */
async function selectFromDataset(
  repository: Repository,
  split: string,
): Promise<TreeFile[]> {
  const root = await repository.listFolder("", false);
  const configs = await readCardConfigs(repository, filesAmong(root));
  const config = defaultConfig(configs);
  if (config) return await selectFromConfig(repository, config, split);
  const folders = root.filter(({ type }) => type === "directory")
    .map(({ path }) => path);
  const names = configs.length > 0
    ? configs.map(({ name }) => name)
    : repository.revision === PARQUET_BRANCH
    ? folders
    : [];
  if (names.includes("default")) {
    return await selectFromFolder(repository, "default", split);
  }
  if (names.length > 1) {
    throw new UserError(
      `Cannot choose files of ${repository.name()} as one of its configurations must be named, for example ` +
        `${repository.name(names[0])}: it has ${listed(names)}`,
    );
  }
  return await selectFromFolder(repository, "", split);
}

/** Selects a split of a configuration. */
async function selectFromConfig(
  repository: Repository,
  { folder, splits }: CardConfig,
  split: string,
): Promise<TreeFile[]> {
  if (splits === null) return await selectFromFolder(repository, folder, split);
  const patterns = findSplit(splits, split) ??
    throwUnknownSplit(repository, split, splits);
  const all = filesAmong(await repository.listFolder(folder, true));
  const byPath = new Map(all.map((file) => [file.path, file]));
  const found = new Set<TreeFile>();
  let searches = 0;
  for (const pattern of patterns) {
    if (pattern.includes("://")) {
      throw new UserError(
        `Cannot read ${repository.name()} as its README.md points outside the dataset: name ${
          JSON.stringify(pattern.slice(0, 200))
        } directly`,
      );
    }
    const glob = (folder && folder + "/") +
      pattern.replace(/^(\.?\/)+|\/+$/g, "");
    const named = byPath.get(glob);
    if (named) found.add(named);
    if (named && !isGlob(glob)) continue;
    if (++searches * all.length > MAX_COMPARISONS) {
      throw new UserError(
        `Cannot choose files by ${
          repository.name("README.md")
        } as its ${patterns.length} patterns are too many for ${all.length} files: name files, for example ${
          repository.name("**/*.parquet")
        }`,
      );
    }
    const matches = globMatcher(glob);
    for (const file of all) {
      if (
        matches(file.path) ||
        !isGlob(glob) && file.path.startsWith(glob + "/")
      ) found.add(file);
    }
  }
  return keepReadable(repository, folder, [...found]);
}

/** Selects a split of a folder by file names. */
async function selectFromFolder(
  repository: Repository,
  folder: string,
  split: string,
): Promise<TreeFile[]> {
  const prefix = folder && folder + "/";
  const files = filesAmong(await repository.listFolder(folder, true));
  const byName = new Map(
    files.map((file) => [file.path.slice(prefix.length), file]),
  );
  const splits = splitsFromNames([...byName.keys()]);
  if (splits.size === 0) throw noReadableFiles(repository, folder, files);
  const names = findSplit(splits, split) ??
    throwUnknownSplit(repository, split, splits);
  return keepReadable(
    repository,
    folder,
    names.map((name) => byName.get(name)!),
  );
}

/** Drops files that cannot be read. */
function keepReadable(
  repository: Repository,
  place: string,
  files: readonly TreeFile[],
): TreeFile[] {
  const names = new Set(readableFiles(files.map(({ path }) => path)));
  if (names.size === 0) throw noReadableFiles(repository, place, files);
  return files.filter(({ path }) => names.has(path));
}

/** Reads the configurations of the README.md in the root folder. */
async function readCardConfigs(
  repository: Repository,
  root: readonly TreeFile[],
): Promise<CardConfig[]> {
  const card = root.find(({ path }) => path === "README.md");
  if (!card || card.size > MAX_CARD_BYTES) return [];
  const path = await downloadFile(repository, card);
  try {
    return parseCard(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(
      `Cannot choose files by ${repository.name(card.path)} as ${
        oneLine(error.message, NAME_LENGTH)
      }: name files, for example ${repository.name("**/*.parquet")}`,
    );
  }
}

function filesAmong(entries: readonly TreeEntry[]): TreeFile[] {
  return entries.filter((entry) => entry.type === "file");
}

function throwUnknownSplit(
  repository: Repository,
  split: string,
  splits: ReadonlyMap<string, unknown>,
): never {
  throw new UserError(
    `Cannot read the split '${
      oneLine(split, NAME_LENGTH)
    }' of ${repository.name()} as it has only ${listed([...splits.keys()])}`,
  );
}

/**
 * The error for a folder or glob without readable files; it lists what exists.
 */
function noReadableFiles(
  repository: Repository,
  place: string,
  files: readonly TreeFile[],
): UserError {
  const hint = files.length === 0 || repository.revision === PARQUET_BRANCH
    ? ""
    : `; the Hub may have it as Parquet in ${
      formatHubName({ ...repository, revision: PARQUET_BRANCH })
    }`;
  return new UserError(
    `Cannot read ${
      repository.name(place || undefined)
    } as it must have files in ${READABLE_EXTENSIONS}: got ${
      describeExtensions(files.map(({ path }) => path))
    }${hint}`,
  );
}
