/**
 * Paths in a config mean the same from every folder: a relative one starts
 * where it was said, and `~` is the home folder.
 * @module
 */
import { existsSync } from "node:fs";
import { delimiter } from "node:path";
import { UserError } from "../../errors.ts";
import { absolutePath, splitPaths } from "../../fs/user_path.ts";
import type { PathKind } from "../schema/fields.ts";
import type { ConfigValue } from "../values/flat_config.ts";

/** Tokenizers that are no paths even where there is such a file. */
const BUILT_IN = ["byte", "gpt2"];

const MAKE_ABSOLUTE: Record<
  Exclude<PathKind, "source">,
  (text: string, folder?: string) => string
> = {
  path: absolutePath,
  paths: absolutePaths,
  tokenizer: absoluteTokenizer,
};

/**
 * A key's value with absolute paths; any other value, and one of another type
 * than the key's, is unchanged.
 *
 * @param kind what the key's text names; undefined for no path
 * @throws {UserError} on `~name` without such a user, with the value's origin
 */
export function absoluteValue(
  kind: PathKind | undefined,
  { value, origin, folder }: ConfigValue,
): unknown {
  const isText = (item: unknown) => typeof item === "string" && item !== "";
  try {
    if (kind === "source") {
      return Array.isArray(value) && value.every(isText)
        ? value.map((text: string) => absoluteSource(text, folder))
        : value;
    }
    return kind !== undefined && isText(value)
      ? MAKE_ABSOLUTE[kind](value as string, folder)
      : value;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message} (${origin})`, { cause: error });
  }
}

/**
 * An entry of `data.files` from the root. Standard input, `-`, and URLs are
 * unchanged. Of a glob only the part before the first pattern is made absolute:
 * `..` behind a pattern has another meaning than in a path.
 */
export function absoluteSource(text: string, folder?: string): string {
  if (text === "-" || /^[a-z][\w+.-]*:\/\//i.test(text)) return text;
  const parts = text.split("/");
  const first = parts.findIndex((part) => /[*?[{]/.test(part));
  if (first < 0) return absolutePath(text, folder);
  const before = text.startsWith("/") ? "/" : ".";
  const fixed = absolutePath(parts.slice(0, first).join("/") || before, folder);
  return [fixed.replace(/\/$/, ""), ...parts.slice(first)].join("/");
}

/** Each of several paths. */
function absolutePaths(text: string, folder?: string): string {
  const paths = splitPaths(
    text,
    (path) => existsSync(absolutePath(path, folder)),
  );
  return paths.map((path) => absolutePath(path, folder)).join(delimiter);
}

/**
 * A tokenizer's path from the root; names stay. What could be both is a path if
 * there is such a file.
 */
function absoluteTokenizer(text: string, folder?: string): string {
  if (BUILT_IN.includes(text)) return text;
  const path = absolutePath(text, folder);
  const named = /^(~|\.{0,2}\/)|^\.{1,2}$|\.json$/.test(text);
  return named || existsSync(path) ? path : text;
}
