/**
 * How is YAML of any origin read, within bounds of time and memory, and with
 * the text of every value?
 * @module
 */
import { parse } from "@std/yaml";

/** Largest document, in UTF-16 units. Configs have about 10 KB. */
const MAX_SIZE = 4 * 2 ** 20;

/**
 * Most characters and values of a document whose aliases are written out. An
 * alias costs a few bytes and may stand for a whole tree of aliases.
 */
const MAX_EXPANDED = MAX_SIZE;

/**
 * Most aliases times the size of the document: parsers turn aliases into keys,
 * and merge the keys of mappings, while they read.
 */
const MAX_ALIAS_WORK = 2 ** 26;

/** Most levels of nesting. */
const MAX_DEPTH = 100;
const TOO_DEEP = `it must have at most ${MAX_DEPTH} levels of nesting`;

/** Why a text is no YAML document that can be read. */
export class YamlError extends Error {
  /** @param line the line at fault, counted from 1, where it is known */
  constructor(reason: string, readonly line?: number | undefined) {
    super(reason);
  }
}

/** A parsed document. */
export interface YamlDocument {
  /**
   * Null, boolean, number, string, list or mapping. A number is written as YAML
   * 1.2 and JSON write it; what only some readers take as a number or a date
   * (`010`, `1:30`, `2024-01-01`) is a string.
   */
  value: unknown;
  /** The same tree with the text of every scalar in place of its value. */
  texts: unknown;
}

/**
 * Parses one YAML document; an empty one is null.
 *
 * @throws {YamlError} on malformed YAML, and on documents that are large,
 * deeply nested, or large once their aliases are written out
 */
export function parseYaml(text: string): YamlDocument {
  if (text.length > MAX_SIZE) throw new YamlError(tooLarge(text.length));
  const aliases = text.match(/(?:^|[\s,[{])\*/g)?.length ?? 0;
  if (aliases * text.length > MAX_ALIAS_WORK) {
    throw new YamlError(`it has too many aliases (${aliases})`);
  }
  // The failsafe schema keeps every scalar as text, and merges nothing.
  const texts = parseWith(text, "failsafe");
  checkSize(texts);
  return { value: withTypes(parseWith(text, "default"), texts), texts };
}

const tooLarge = (size: number) =>
  `YAML must be at most ${MAX_SIZE / 2 ** 20} MiB: got ${
    (size / 2 ** 20).toFixed(1)
  } MiB`;

function parseWith(text: string, schema: "failsafe" | "default"): unknown {
  try {
    return parse(text, { schema });
  } catch (error) {
    const first = (error as Error).message.split("\n")[0];
    if (error instanceof RangeError || first.includes("maxDepth")) {
      throw new YamlError(TOO_DEEP);
    }
    // The first line ends in the place; an excerpt of the file follows.
    const place = / at line (\d+), column \d+:?$/.exec(first);
    const reason = first.slice(0, Math.min(place?.index ?? 200, 200));
    throw new YamlError(reason, place ? Number(place[1]) : undefined);
  }
}

/** Counts characters and values, each alias as what it stands for. */
function checkSize(root: unknown): void {
  let size = 0;
  const add = (value: unknown, depth: number): void => {
    if (depth > MAX_DEPTH) {
      throw new YamlError(TOO_DEEP);
    }
    size += typeof value === "string" ? 1 + value.length : 1;
    if (size > MAX_EXPANDED) {
      throw new YamlError("it is too large once its aliases are written out");
    }
    if (Array.isArray(value)) {
      for (const item of value) add(item, depth + 1);
    } else if (typeof value === "object" && value !== null) {
      for (const [name, item] of Object.entries(value)) {
        size += name.length;
        add(item, depth + 1);
      }
    }
  };
  add(root, 0);
}

const NUMBER = /^[-+]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/;

/** Reads numbers by one rule, whichever parser typed them. */
function withTypes(value: unknown, texts: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item, i) => withTypes(item, textAt(texts, String(i))));
  }
  const text = typeof texts === "string" ? texts : undefined;
  if (typeof value === "number" && text !== undefined) {
    return NUMBER.test(text) || !Number.isFinite(value) ? value : text;
  }
  if (value instanceof Date) return text ?? value.toISOString();
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map((
      [name, item],
    ) => [name, withTypes(item, textAt(texts, name))]),
  );
}

/** The text of an item, also of one that a merge key (`<<`) brings in. */
export function textAt(texts: unknown, name: string): unknown {
  if (typeof texts !== "object" || texts === null) return undefined;
  if (Object.hasOwn(texts, name)) {
    return (texts as Record<string, unknown>)[name];
  }
  const merged = (texts as Record<string, unknown>)["<<"];
  for (const source of Array.isArray(merged) ? merged : [merged]) {
    const text = textAt(source, name);
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * A value with the text of its numbers and booleans in their place, where text
 * is meant: `010`, `1.10` and `1e-3` as they were written. Null stays null.
 */
export function asWritten(value: unknown, texts: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map((item, i) => asWritten(item, textAt(texts, `${i}`)));
  }
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map((
        [name, item],
      ) => [name, asWritten(item, textAt(texts, name))]),
    );
  }
  const isScalar = typeof value === "number" || typeof value === "boolean";
  return isScalar && typeof texts === "string" ? texts : value;
}
