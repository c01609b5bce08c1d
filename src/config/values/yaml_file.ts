/**
 * Parses one YAML file of a config and finds the line of every key.
 * @module
 */
import { UserError } from "../../errors.ts";
import {
  parseYaml,
  type YamlDocument,
  YamlError,
} from "../../yaml/parse_yaml.ts";
import { formatValue, isMapping } from "./flat_config.ts";

/** Characters of a line or a dotted key in which names are looked for. */
const MAX_KEY = 500;

/** A parsed file. */
export interface YamlFile {
  /** The path, as messages show it. */
  path: string;
  /** Its keys and values; {} for an empty file. */
  tree: Record<string, unknown>;
  /** The same tree with the text of every scalar. */
  texts: unknown;
  /** Where its relative paths start; undefined for the working folder. */
  folder?: string | undefined;
  /** `path:line` of a dotted key, or of the nearest section around it. */
  origin(key: string): string;
}

/**
 * Parses a YAML file that must be a mapping.
 *
 * @param path the path, as messages show it
 * @throws {UserError} on malformed YAML, naming the line, and on a document
 * that is not a mapping
 */
export function parseYamlFile(text: string, path: string): YamlFile {
  let document: YamlDocument;
  try {
    document = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { line, message } = error;
    throw new UserError(
      `Cannot read ${path} as ${
        line ? `line ${line}` : "it"
      } must be valid YAML: ${message}`,
    );
  }
  const tree = document.value ?? {};
  if (!isMapping(tree)) {
    throw new UserError(
      `Cannot read ${path} as it must hold 'key: value' lines: got ${
        formatValue(tree)
      }`,
    );
  }
  const lines = keyLines(text);
  const origin = (key: string): string => {
    let nearest: number | undefined, at = "";
    for (const name of key.slice(0, MAX_KEY).split(".")) {
      at = at ? `${at}.${name}` : name;
      nearest = lines.get(at) ?? nearest;
    }
    return nearest ? `${path}:${nearest}` : path;
  };
  return { path, tree, texts: document.texts, origin };
}

/**
 * Maps dotted keys in block style to their line, counted from 1, by
 * indentation. Only messages need it, so keys inside `{ }` may stay without a
 * line.
 */
function keyLines(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const open: { indent: number; name: string }[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    // On a line of a million spaces, the pattern takes hours.
    const match = /^(\s*)(["']?)([^\s"'#:-][^"'#:]*)\2\s*:(?:\s|$)/
      .exec(line.slice(0, MAX_KEY));
    if (!match) continue;
    const indent = match[1].length;
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    open.push({ indent, name: match[3] });
    found.set(open.map((key) => key.name).join("."), i + 1);
  }
  return found;
}
