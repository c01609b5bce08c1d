/**
 * Globs as lists of segments, one for each folder level.
 * @module
 */
import { matchesGlob, parse } from "node:path";

/** Any number of folder levels: `**`. */
export const ANY_LEVELS = Symbol("**");

/** A level of one folder. */
interface NamedLevel {
  text: string;
  /** Whether it is a pattern, not a name. */
  magic: boolean;
}

/** What one level of a path must be. */
export type Segment =
  | typeof ANY_LEVELS
  | NamedLevel;

/** A glob without alternatives that span folders. */
export interface GlobPattern {
  /** The root that it starts from; "" for a relative one. */
  start: string;
  segments: Segment[];
}

/**
 * Parses a glob. Lists in braces become one pattern for each item, so that a
 * name in a list counts as a name, and an item may have slashes.
 */
export function parseGlob(glob: string): GlobPattern[] {
  const alternatives = new Set(expandBraces(glob.replaceAll("\\", "/")));
  return [...alternatives].map((alternative) => {
    const start = parse(alternative).root;
    const levels = alternative.slice(start.length).split("/")
      .filter((text) => text !== "" && text !== ".")
      .filter((text, i, all) => text !== "**" || all[i - 1] !== "**");
    return {
      start,
      segments: levels.map((text) =>
        text === "**" ? ANY_LEVELS : { text, magic: /[*?[{(]/.test(text) }
      ),
    };
  });
}

/**
 * Whether a name fits a segment. Hidden names fit only what begins with a dot.
 */
export function fitsSegment(name: string, segment: Segment): boolean {
  if (segment === ANY_LEVELS) return !name.startsWith(".");
  return segment.magic
    ? matchesGlob(name, segment.text)
    : name === segment.text;
}

/** The texts that `a{b,c{d,e}}` stands for: `ab`, `acd`, `ace`. */
function expandBraces(text: string): string[] {
  for (let open = 0; (open = text.indexOf("{", open)) >= 0; open++) {
    const commas: number[] = [];
    let depth = 0;
    for (let i = open; i < text.length; i++) {
      if (text[i] === "{") depth++;
      else if (text[i] === "," && depth === 1) commas.push(i);
      else if (text[i] === "}" && --depth === 0) {
        // Without a comma, braces stand for themselves, or for a range.
        if (commas.length === 0) break;
        const [before, after] = [text.slice(0, open), text.slice(i + 1)];
        const ends = [...commas, i];
        return ends.flatMap((end, n) => {
          const from = n === 0 ? open + 1 : ends[n - 1] + 1;
          return expandBraces(before + text.slice(from, end) + after);
        });
      }
    }
  }
  return [text];
}
