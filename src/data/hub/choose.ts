/**
 * Which files of a set the user's URL and split name.
 * @module
 */
import { readFileSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { type CardConfig, defaultConfig, parseCard } from "./card.ts";
import { download } from "./download.ts";
import { globFolder, globMatcher, isGlob } from "./glob.ts";
import type { Repository } from "./repository.ts";
import {
  endingsOf,
  findSplit,
  formatOf,
  READABLE,
  readable,
  splitsByName,
} from "./splits.ts";
import type { TreeEntry, TreeFile } from "./tree.ts";
import { hubName } from "./url.ts";
import { listed, NAME_LENGTH, oneLine } from "../../terminal/quote.ts";

/** Branch where the hub keeps its own Parquet form of sets, in a folder a configuration. */
const PARQUET_BRANCH = "refs/convert/parquet";
/** A card of more bytes is none. */
const MAX_CARD = 16 * 2 ** 20;

/**
 * Chooses a split's files. What a path or a glob names is taken whatever the
 * split; a configuration, a folder or the whole set is searched for it: by the
 * README's header, else by names.
 *
 * @returns at least one file, in the order to read them
 * @throws {UserError} where nothing fits, with what there is
 */
export async function chooseFiles(
  repository: Repository,
  path: string | undefined,
  split: string,
): Promise<TreeFile[]> {
  if (path === undefined) return await inSet(repository, split);
  if (isGlob(path)) return await byGlob(repository, path);
  const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  const entry = (await repository.list(parent, false))
    .find((entry) => entry.path === path);
  if (entry?.type === "file") return [entry];

  const root = await repository.list("", false);
  const configs = await cardConfigs(repository, filesOf(root));
  const config = configs.find(({ name }) => name === path);
  if (config) return await inConfig(repository, config, split);
  if (entry?.type === "directory") {
    return await inFolder(repository, path, split);
  }
  const names = root.map(({ path }) => path);
  throw new UserError(
    `Cannot read ${
      repository.name(path)
    } as there is no such file, folder or configuration: got ${listed(names)}`,
  );
}

/** The files that a glob matches and that can be read. */
async function byGlob(
  repository: Repository,
  glob: string,
): Promise<TreeFile[]> {
  const matches = globMatcher(glob);
  const found = filesOf(await repository.list(globFolder(glob), true))
    .filter(({ path }) => matches(path));
  const files = found.filter(({ path }) => formatOf(path) !== null);
  if (files.length === 0) throw nothing(repository, glob, found);
  return files;
}

/** The split in a set of which nothing more is said. */
async function inSet(
  repository: Repository,
  split: string,
): Promise<TreeFile[]> {
  const root = await repository.list("", false);
  const configs = await cardConfigs(repository, filesOf(root));
  const config = defaultConfig(configs);
  if (config) return await inConfig(repository, config, split);
  const folders = root.filter(({ type }) => type === "directory")
    .map(({ path }) => path);
  const names = configs.length > 0
    ? configs.map(({ name }) => name)
    : repository.revision === PARQUET_BRANCH
    ? folders
    : [];
  if (names.includes("default")) {
    return await inFolder(repository, "default", split);
  }
  if (names.length > 1) {
    throw new UserError(
      `Cannot choose files of ${repository.name()} as one of its configurations must be named, as in ` +
        `${repository.name(names[0])}: it has ${listed(names)}`,
    );
  }
  return await inFolder(repository, "", split);
}

/** The split in a configuration. */
async function inConfig(
  repository: Repository,
  { folder, splits }: CardConfig,
  split: string,
): Promise<TreeFile[]> {
  if (splits === null) return await inFolder(repository, folder, split);
  const patterns = findSplit(splits, split) ??
    unknownSplit(repository, split, splits);
  const all = filesOf(await repository.list(folder, true));
  const found = new Set<TreeFile>();
  for (const pattern of patterns) {
    if (pattern.includes("://")) {
      throw new UserError(
        `Cannot read ${repository.name()} as its README.md points elsewhere: name ${
          JSON.stringify(pattern.slice(0, 200))
        } itself`,
      );
    }
    const glob = (folder && folder + "/") +
      pattern.replace(/^(\.?\/)+|\/+$/g, "");
    const matches = globMatcher(glob);
    for (const file of all) {
      if (
        file.path === glob || matches(file.path) ||
        !isGlob(glob) && file.path.startsWith(glob + "/")
      ) found.add(file);
    }
  }
  return inFormat(repository, folder, [...found]);
}

/** The split in a folder, by the names of what is in it. */
async function inFolder(
  repository: Repository,
  folder: string,
  split: string,
): Promise<TreeFile[]> {
  const prefix = folder && folder + "/";
  const files = filesOf(await repository.list(folder, true));
  const byName = new Map(
    files.map((file) => [file.path.slice(prefix.length), file]),
  );
  const splits = splitsByName([...byName.keys()]);
  if (splits.size === 0) throw nothing(repository, folder, files);
  const names = findSplit(splits, split) ??
    unknownSplit(repository, split, splits);
  return inFormat(
    repository,
    folder,
    names.map((name) => byName.get(name)!),
  );
}

/** Those that can be read. */
function inFormat(
  repository: Repository,
  place: string,
  files: readonly TreeFile[],
): TreeFile[] {
  const names = new Set(readable(files.map(({ path }) => path)));
  if (names.size === 0) throw nothing(repository, place, files);
  return files.filter(({ path }) => names.has(path));
}

/** The configurations of the README.md among the root's files. */
async function cardConfigs(
  repository: Repository,
  root: readonly TreeFile[],
): Promise<CardConfig[]> {
  const card = root.find(({ path }) => path === "README.md");
  if (!card || card.size > MAX_CARD) return [];
  const path = await download(repository, card);
  try {
    return parseCard(readFileSync(path, "utf8"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UserError(
      `Cannot choose files by ${repository.name(card.path)} as ${
        oneLine(error.message, NAME_LENGTH)
      }: name files, as in ${repository.name("**/*.parquet")}`,
    );
  }
}

function filesOf(entries: readonly TreeEntry[]): TreeFile[] {
  return entries.filter((entry) => entry.type === "file");
}

function unknownSplit(
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

/** That nothing in a place can be read, with what is there. */
function nothing(
  repository: Repository,
  place: string,
  files: readonly TreeFile[],
): UserError {
  const hint = files.length === 0 || repository.revision === PARQUET_BRANCH
    ? ""
    : `; the hub may have it as Parquet in ${
      hubName({ ...repository, revision: PARQUET_BRANCH })
    }`;
  return new UserError(
    `Cannot read ${
      repository.name(place || undefined)
    } as it must have files in ${READABLE}: got ${
      endingsOf(files.map(({ path }) => path))
    }${hint}`,
  );
}
