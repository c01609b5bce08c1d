/**
 * Interpolation: replaces `${model.value_resid_gain}` by the value of that key.
 * @module
 */
import { UserError } from "../../errors.ts";
import {
  type ConfigValue,
  type FlatConfig,
  formatValue,
  isMapping,
} from "./flat_config.ts";
import { nearest } from "./nearest.ts";

const REFERENCE = /\$\{\s*([^{}]*?)\s*\}/g;

/**
 * Resolves all interpolations of a config. References are absolute, see all
 * overrides and may form chains. Text that is a single reference takes the
 * value with its type; inside other text the value is inserted as text.
 *
 * @param finish makes a key's value from the resolved one; references to the
 * key see the result
 * @returns a new config
 * @throws {UserError} on a reference to an unknown key or a section, and on a
 * cycle of references
 */
export function interpolate(
  flat: FlatConfig,
  finish = (_key: string, { value }: ConfigValue): unknown => value,
): FlatConfig {
  const resolved: FlatConfig = new Map();

  /** @param chain the keys that are being resolved, outermost first */
  const valueOf = (key: string, chain: string[]): unknown => {
    const done = resolved.get(key);
    if (done) return done.value;
    const { value, origin, folder } = flat.get(key)!;
    if (chain.includes(key)) {
      throw new UserError(
        `Cannot resolve '${key}' as an interpolation must not lead back to itself: ${
          [...chain.slice(chain.indexOf(key)), key].join(" -> ")
        } (${origin})`,
      );
    }
    const whole = replace(value, origin, [...chain, key]);
    const result = finish(key, { value: whole, origin, folder });
    resolved.set(key, { value: result, origin });
    return result;
  };

  const replace = (
    value: unknown,
    origin: string,
    chain: string[],
  ): unknown => {
    if (Array.isArray(value)) {
      return value.map((item) => replace(item, origin, chain));
    }
    if (typeof value !== "string" || !value.includes("${")) return value;
    const refer = (name: string): unknown => {
      if (flat.has(name)) return valueOf(name, chain);
      const known = [...flat.keys()];
      const inside = known.find((key) => key.startsWith(`${name}.`));
      throw new UserError(
        `Cannot resolve '${chain.at(-1)}' as \${${name}} must name ${
          inside
            ? `one key of the section, like '${inside}'`
            : `a known key: the nearest is '${nearest(name, known)}'`
        } (${origin})`,
      );
    };
    const whole = /^\$\{\s*([^{}]*?)\s*\}$/.exec(value);
    if (whole) return refer(whole[1]);
    const text = value.replace(REFERENCE, (_, name) => {
      const part = refer(name);
      if (Array.isArray(part) || isMapping(part)) {
        throw new UserError(
          `Cannot resolve '${
            chain.at(-1)
          }' as \${${name}} inside text must be a single value: got ${
            formatValue(part)
          } (${origin})`,
        );
      }
      return String(part);
    });
    if (value.replace(REFERENCE, "").includes("${")) {
      throw new UserError(
        `Cannot resolve '${
          chain.at(-1)
        }' as every '\${' must be closed by '}': got ${
          formatValue(value)
        } (${origin})`,
      );
    }
    return text;
  };

  for (const key of flat.keys()) valueOf(key, []);
  return resolved;
}
