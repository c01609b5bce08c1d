/**
 * Parses one YAML file of a config and finds the line of every key.
 * @module
 */
import { parse } from "@std/yaml";
import { UserError } from "../../errors.ts";
import { formatValue, isMapping } from "./flat_config.ts";

/** A parsed file. */
export interface YamlFile {
  /** The path, as messages show it. */
  path: string;
  /** Its keys and values; {} for an empty file. */
  tree: Record<string, unknown>;
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
  let tree: unknown;
  try {
    tree = parse(text) ?? {};
  } catch (error) {
    const { line, reason } = parseYamlError((error as Error).message);
    throw new UserError(
      `Cannot read ${path} as ${
        line ? `line ${line}` : "it"
      } must be valid YAML: ${reason}`,
    );
  }
  if (!isMapping(tree)) {
    throw new UserError(
      `Cannot read ${path} as it must hold 'key: value' lines: got ${
        formatValue(tree)
      }`,
    );
  }
  const lines = keyLines(text);
  const origin = (key: string): string => {
    for (let at = key; at; at = at.slice(0, Math.max(at.lastIndexOf("."), 0))) {
      const line = lines.get(at);
      if (line) return `${path}:${line}`;
    }
    return path;
  };
  return { path, tree, origin };
}

/**
 * Extracts line and reason from a YAML parser's message. js-yaml writes
 * `reason (line:column)`, its port in std `reason at line L, column C:`; an
 * excerpt of the file follows on the next lines.
 */
function parseYamlError(
  message: string,
): { line?: string | undefined; reason: string } {
  const first = message.split("\n")[0];
  const place = /\s*(?:\((\d+):\d+\)| at line (\d+), column \d+:?)$/.exec(
    first,
  );
  return {
    line: place?.[1] ?? place?.[2],
    reason: place ? first.slice(0, place.index) : first,
  };
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
    const match = /^(\s*)(["']?)([^\s"'#:-][^"'#:]*)\2\s*:(?:\s|$)/.exec(line);
    if (!match) continue;
    const indent = match[1].length;
    while (open.length > 0 && open.at(-1)!.indent >= indent) open.pop();
    open.push({ indent, name: match[3] });
    found.set(open.map((key) => key.name).join("."), i + 1);
  }
  return found;
}
