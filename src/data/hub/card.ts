/**
 * Parses the YAML header of a dataset's README.md (its card), which may define
 * configurations and their splits.
 * @module
 */
import { shown } from "../../terminal/quote.ts";
import {
  asWritten,
  parseYaml,
  textAt,
  YamlError,
} from "../../yaml/parse_yaml.ts";

/** A configuration of a dataset. */
export interface CardConfig {
  name: string;
  /** Whether it is marked as the default. */
  isDefault: boolean;
  /** Folder that the patterns are relative to; "" for the root. */
  folder: string;
  /** Paths and globs of each split; null if file names define the splits. */
  splits: Map<string, string[]> | null;
}

/**
 * Reads `configs` from the YAML header of a README; [] if it has none.
 *
 * @throws {TypeError} if `configs` is invalid; the message continues a sentence
 * after "as"
 */
export function parseCard(text: string): CardConfig[] {
  const header = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/
    .exec(text);
  if (!header) return [];
  let card: unknown, texts: unknown;
  try {
    ({ value: card, texts } = parseYaml(header[1]));
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw new TypeError(`its header must be valid YAML: ${error.message}`);
  }
  if (!isObject(card) || card.configs === undefined || card.configs === null) {
    return [];
  }
  if (!Array.isArray(card.configs)) {
    throwInvalid("configs", "a list", card.configs);
  }
  const listed = textAt(texts, "configs");
  const configs = card.configs.map((item: unknown, i): CardConfig => {
    const at = `configs[${i}]`;
    if (!isObject(item)) throwInvalid(at, "an object", item);
    // Names and paths are text even where they look like numbers, as 1.10 does.
    const config = asWritten(item, textAt(listed, `${i}`)) as typeof item;
    const folder = config.data_dir ?? "";
    if (typeof folder !== "string") {
      throwInvalid(`${at}.data_dir`, "a path", folder);
    }
    return {
      name: String(config.config_name ?? "default"),
      isDefault: item.default === true,
      folder: folder.replace(/^(\.?\/)+|\/+$/g, "").replace(/^\.$/, ""),
      splits: config.data_files === undefined || config.data_files === null
        ? null
        : parseDataFiles(config.data_files, `${at}.data_files`),
    };
  });
  return configs;
}

/**
 * The configuration to use if none is named: the only one, else the one marked
 * as default, else the one named `default`; undefined if none applies.
 */
export function defaultConfig(
  configs: readonly CardConfig[],
): CardConfig | undefined {
  if (configs.length === 1) return configs[0];
  return configs.find(({ isDefault }) => isDefault) ??
    configs.find(({ name }) => name === "default");
}

/**
 * Parses `data_files`: a path, a list of paths, a list of splits with paths, or
 * a map from splits to paths.
 */
function parseDataFiles(value: unknown, at: string): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  if (Array.isArray(value) && value.some(isObject)) {
    for (const [i, item] of value.entries()) {
      if (!isObject(item) || item.split === undefined) {
        throwInvalid(`${at}[${i}]`, "a split and its path", item);
      }
      const split = String(item.split);
      const paths = splits.get(split) ?? [];
      for (const path of parsePaths(item.path, `${at}[${i}].path`)) {
        paths.push(path);
      }
      splits.set(split, paths);
    }
  } else if (isObject(value)) {
    for (const [split, path] of Object.entries(value)) {
      splits.set(split, parsePaths(path, `${at}.${split}`));
    }
  } else splits.set("train", parsePaths(value, at));
  return splits;
}

function parsePaths(value: unknown, at: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) =>
    typeof item === "string"
      ? item
      : throwInvalid(at, "a path or a list of paths", item)
  );
}

function throwInvalid(key: string, rule: string, value: unknown): never {
  throw new TypeError(
    `'${key}' in its header must be ${rule}: got ${shown(value)}`,
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof Date);
}
