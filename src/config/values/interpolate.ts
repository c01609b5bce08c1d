/**
 * Interpolation, as OmegaConf has it: `${model.value_resid_gain}`, `${.x}`,
 * `${oc.env:HOME}`.
 * @module
 */
import { UserError } from "../../errors.ts";
import { NAME_LENGTH, oneLine, quoted } from "../../terminal/quote.ts";
import { textAt } from "../../yaml/parse_yaml.ts";
import {
  type ConfigValue,
  type FlatConfig,
  formatValue,
  isMapping,
} from "./flat_config.ts";
import { nearest } from "./nearest.ts";
import { pythonText, scalarOf, type Written } from "./scalars.ts";

/** Looks up an environment variable; undefined if it is not set. */
export type Environment = (name: string) => string | undefined;

/** What {@linkcode interpolate} is given besides the config. */
export interface InterpolateOptions {
  environment?: Environment | undefined;
  /**
   * Makes the value of a key from the resolved one; references to the key see
   * the result.
   */
  finish?: (key: string, value: ConfigValue) => unknown;
}

/**
 * Resolves all interpolations of a config. References see all overrides and may
 * form chains: `${a.b}` starts at the root, `${.b}` in the section of the key,
 * `${..b}` in the section around it. `${oc.env:NAME,default}` is an environment
 * variable. `\${` is the text `${`. Text that is a single reference takes the
 * value with its type; inside other text a value is written as Python writes
 * it.
 *
 * @param options without an `environment`, there are no references to it
 * @returns a new config
 * @throws {UserError} on a reference to an unknown key or a section, on a cycle
 * of references, and on other resolvers of OmegaConf
 */
export function interpolate(
  flat: FlatConfig,
  options: InterpolateOptions = {},
): FlatConfig {
  const resolver = new Resolver(flat, options);
  return new Map(
    [...flat].map(([key, { origin }]) => [
      key,
      { ...resolver.valueOf(key, []), origin },
    ]),
  );
}

/** Where a reference stands. */
interface Place {
  /** The key, and for an item of a list its index. */
  path: string;
  /** The keys that are being resolved, outermost first. */
  chain: string[];
}

/** Most characters of all text with references in it: they may double it. */
const MAX_LENGTH = 2 ** 22;

/** Most levels of `${${…}}`. */
const MAX_DEPTH = 10;

class Resolver {
  readonly #done = new Map<string, Written>();
  /** Characters of text with references so far. */
  #length = 0;

  constructor(
    readonly flat: FlatConfig,
    readonly options: InterpolateOptions,
  ) {}

  /** @param chain the keys that are being resolved, outermost first */
  valueOf(key: string, chain: string[]): Written {
    const done = this.#done.get(key);
    if (done) return done;
    const place = { path: key, chain: [...chain, key] };
    if (chain.includes(key)) {
      throw this.#refusal(
        { path: key, chain },
        `an interpolation must not lead back to itself: ${
          [...chain.slice(chain.indexOf(key)), key].join(" -> ")
        }`,
        key,
      );
    }
    const given = this.flat.get(key)!;
    const result = { ...this.#resolve(given.value, given.text, place) };
    if (this.options.finish) {
      result.value = this.options.finish(key, { ...given, ...result });
    }
    this.#done.set(key, result);
    return result;
  }

  #resolve(value: unknown, text: unknown, place: Place): Written {
    if (Array.isArray(value)) {
      const items = value.map((item, i) => {
        const path = `${place.path}.${i}`;
        const found = this.#resolve(item, textAt(text, `${i}`), {
          ...place,
          path,
        });
        if (typeof item === "string") this.#checkSingle(item, found, place);
        return found;
      });
      return {
        value: items.map((item) => item.value),
        text: items.map((item) => item.text),
      };
    }
    return typeof value === "string" && value.includes("${")
      ? this.#expand(value, place, 0)
      : { value, ...text !== undefined && { text } };
  }

  /** Replaces the references in text that has some. */
  #expand(value: string, place: Place, depth: number): Written {
    if (depth > MAX_DEPTH) {
      throw this.#refusal(
        place,
        `references must have at most ${MAX_DEPTH} levels: got ${
          formatValue(value)
        }`,
      );
    }
    let out = "", at = 0;
    for (let open; (open = value.indexOf("${", at)) >= 0;) {
      // Before a reference, a backslash takes the meaning of what follows.
      let slashes = 0;
      while (open - slashes > at && value[open - slashes - 1] === "\\") {
        slashes++;
      }
      out += value.slice(at, open - slashes) + "\\".repeat(slashes >> 1);
      if (slashes % 2 === 1) {
        out += "${";
        at = open + 2;
        continue;
      }
      at = closingBrace(value, open) + 1;
      if (at === 0) {
        throw this.#refusal(
          place,
          `every '\${' must be closed by '}': got ${formatValue(value)}`,
        );
      }
      const inside = value.slice(open + 2, at - 1);
      const name = inside.includes("${")
        ? String(this.#expand(inside, place, depth + 1).value)
        : inside;
      const found = this.#refer(name.trim(), place);
      if (open === 0 && at === value.length) return found;
      this.#checkSingle(value.slice(open, at), found, place);
      const inserted = pythonText(found.value, found.text);
      this.#length += inserted.length;
      if (this.#length > MAX_LENGTH) {
        throw this.#refusal(
          place,
          `references must stand for at most ${MAX_LENGTH} characters: got more`,
        );
      }
      out += inserted;
    }
    const text = out + value.slice(at);
    return { value: text, text };
  }

  #checkSingle(reference: string, { value }: Written, place: Place): void {
    if (!Array.isArray(value) && !isMapping(value)) return;
    throw this.#refusal(
      place,
      `${
        oneLine(reference, NAME_LENGTH)
      } inside text must be a single value: got ${formatValue(value)}`,
    );
  }

  /** The value that a reference names. */
  #refer(name: string, place: Place): Written {
    const call = /^([A-Za-z_][\w.]*)\s*:(.*)$/s.exec(name);
    if (call) return this.#call(call[1], call[2], place);
    const key = absolute(name, place.path);
    if (this.flat.has(key)) return this.valueOf(key, place.chain);
    const [, list, index] = /^(.*)\.(\d+)$/.exec(key) ?? [];
    if (list !== undefined && this.flat.has(list)) {
      const { value, text } = this.valueOf(list, place.chain);
      if (Array.isArray(value) && Number(index) < value.length) {
        return { value: value[Number(index)], text: textAt(text, index) };
      }
    }
    const known = [...this.flat.keys()];
    const inside = known.find((other) => other.startsWith(`${key}.`));
    throw this.#refusal(
      place,
      `\${${oneLine(name, NAME_LENGTH)}} must name ${
        inside
          ? `one key of the section, like '${inside}'`
          : `a known key: the nearest is '${nearest(key, known)}'`
      }`,
    );
  }

  /** A reference with a resolver, `${oc.env:NAME,default}`. */
  #call(resolver: string, argument: string, place: Place): Written {
    if (resolver !== "oc.env") {
      throw this.#refusal(
        place,
        `${
          quoted("${" + resolver + ":")
        } must be a key, like \${model.n_layer}, or \${oc.env:NAME,default}: other resolvers are not available`,
      );
    }
    if (!this.options.environment) {
      throw this.#refusal(
        place,
        "a saved config must have values in place of ${oc.env:…}",
      );
    }
    const [, name, fallback] = /^\s*([^,]*?)\s*(?:,\s*(.*?)\s*)?$/s.exec(
      argument,
    )!;
    const set = this.options.environment(name);
    if (set !== undefined) return { value: scalarOf(set) ?? set, text: set };
    if (fallback === undefined) {
      throw this.#refusal(
        place,
        `the environment variable ${
          quoted(name)
        } must be set, or have a default, like \${oc.env:NAME,default}: got nothing`,
      );
    }
    const inQuotes = /^(["'])(.*)\1$/s.exec(fallback)?.[2];
    if (inQuotes !== undefined) return { value: inQuotes, text: inQuotes };
    const value = scalarOf(fallback);
    return { value: value === undefined ? fallback : value, text: fallback };
  }

  #refusal({ chain }: Place, why: string, key = chain.at(-1)!): UserError {
    const { origin } = this.flat.get(key)!;
    return new UserError(`Cannot resolve '${key}' as ${why} (${origin})`);
  }
}

/** Text whose `${` are text, with a backslash where they are escaped. */
export const escapeReferences = (text: string): string =>
  text.replace(
    // Without the condition in front, a long row of backslashes takes hours.
    /(?<!\\)(\\*)\$\{/g,
    (_, slashes: string) => `${slashes}${slashes}\\\${`,
  );

/** The place of the brace that closes the reference at `open`; -1 if none. */
export function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text.startsWith("${", at)) depth++;
    else if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

/**
 * The dotted key of a reference: one dot in front for the section that holds
 * `path`, one more for each section around it; `a[b]` is `a.b`.
 */
function absolute(name: string, path: string): string {
  const plain = name.replace(/\[\s*["']?([^[\]"']*)["']?\s*\]/g, ".$1");
  const dots = /^\.*/.exec(plain)![0].length;
  if (dots === 0) return plain;
  const parts = path.split(".");
  if (dots > parts.length) return plain;
  return [...parts.slice(0, -dots), plain.slice(dots)].join(".");
}
