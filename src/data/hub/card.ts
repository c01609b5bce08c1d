/**
 * The header of a set's README.md, which may say where its splits are.
 * @module
 */
import { parse } from "@std/yaml";
import { shown } from "../../terminal/quote.ts";

/** One of the ways to read a set. */
export interface CardConfig {
  name: string;
  /** Whether it is marked as the one to take. */
  isDefault: boolean;
  /** Folder that the patterns begin in; "" for the root. */
  folder: string;
  /** Paths and globs of each split; null to go by the files' names. */
  splits: Map<string, string[]> | null;
}

/**
 * Reads `configs` from a README's YAML header; [] where it has none.
 *
 * @throws {TypeError} where it is there but cannot be read; the message goes on after "as"
 */
export function parseCard(text: string): CardConfig[] {
  const header = /^\ufeff?---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/
    .exec(text);
  if (!header) return [];
  let card: unknown;
  try {
    card = parse(header[1]);
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    throw new TypeError(`its header must be valid YAML: ${line}`);
  }
  if (!isRecord(card) || card.configs === undefined || card.configs === null) {
    return [];
  }
  if (!Array.isArray(card.configs)) wrong("configs", "a list", card.configs);
  const configs = card.configs.map((config, i): CardConfig => {
    const at = `configs[${i}]`;
    if (!isRecord(config)) wrong(at, "keys and values", config);
    const name = String(config.config_name ?? "default");
    const folder = config.data_dir ?? "";
    if (typeof folder !== "string") wrong(`${at}.data_dir`, "a path", folder);
    return {
      name,
      isDefault: config.default === true,
      folder: folder.replace(/^(\.?\/)+|\/+$/g, "").replace(/^\.$/, ""),
      splits: config.data_files === undefined || config.data_files === null
        ? null
        : dataFiles(config.data_files, `${at}.data_files`),
    };
  });
  return configs;
}

/**
 * The configuration to take where none is named: the only one, else the one
 * marked, else the one called so; undefined where that leaves a choice.
 */
export function defaultConfig(
  configs: readonly CardConfig[],
): CardConfig | undefined {
  if (configs.length === 1) return configs[0];
  return configs.find(({ isDefault }) => isDefault) ??
    configs.find(({ name }) => name === "default");
}

/** A path, a list of them, a list of splits with theirs, or splits with theirs. */
function dataFiles(value: unknown, at: string): Map<string, string[]> {
  const splits = new Map<string, string[]>();
  if (Array.isArray(value) && value.some(isRecord)) {
    for (const [i, item] of value.entries()) {
      if (!isRecord(item) || item.split === undefined) {
        wrong(`${at}[${i}]`, "a split and its path", item);
      }
      const split = String(item.split);
      splits.set(split, [
        ...splits.get(split) ?? [],
        ...paths(item.path, `${at}[${i}].path`),
      ]);
    }
  } else if (isRecord(value)) {
    for (const [split, path] of Object.entries(value)) {
      splits.set(split, paths(path, `${at}.${split}`));
    }
  } else splits.set("train", paths(value, at));
  return splits;
}

function paths(value: unknown, at: string): string[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.map((item) =>
    typeof item === "string" ? item : wrong(at, "a path or paths", item)
  );
}

function wrong(key: string, rule: string, value: unknown): never {
  throw new TypeError(
    `'${key}' in its header must be ${rule}: got ${shown(value)}`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    !Array.isArray(value) && !(value instanceof Date);
}
