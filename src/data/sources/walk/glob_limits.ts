/**
 * Which globs could take hours? The runtime's matcher tries every way in which
 * stars can share a name, and every combination of alternatives.
 * @module
 */
import { UserError } from "../../../errors.ts";
import { brief } from "../../../terminal/quote.ts";

/** Stars in one name: five take seconds on a name of 200 letters. */
const MAX_STARS = 4;
/** Globs that the alternatives of a glob make. */
const MAX_ALTERNATIVES = 1000;

/**
 * Checks that a glob takes a bounded time.
 *
 * @param key the config key that errors name
 * @throws {UserError} if one name of it has more than 4 stars, or its braces
 *   make more than 1,000 globs
 */
export function checkGlob(glob: string, key: string): void {
  const refuse = (rule: string): never => {
    throw new UserError(
      `Cannot search for files as an entry of '${key}' must have ${rule}: got ${
        brief(glob)
      }; write several entries`,
    );
  };
  for (const name of glob.split("/")) {
    if (name === "**") continue;
    // An extended group, such as +(a|b), repeats too.
    const stars = name.match(/\*+(?!\()|[*+?@!]\(/g) ?? [];
    if (stars.length > MAX_STARS) refuse(`at most ${MAX_STARS} '*' in a name`);
  }
  if (alternativesOf(glob) > MAX_ALTERNATIVES) {
    refuse(`at most ${MAX_ALTERNATIVES} alternatives in braces`);
  }
}

/** At least as many as the globs that the braces of a glob make. */
function alternativesOf(glob: string): number {
  let product = 1;
  const open: number[] = [];
  for (const part of glob.match(/\{-?\d+\.\.-?\d+|[{},]/g) ?? []) {
    if (part === ",") {
      if (open.length > 0) open[open.length - 1]++;
    } else if (part === "}") product *= open.pop() ?? 1;
    else if (part === "{") open.push(1);
    else {
      const [from, to] = part.slice(1).split("..").map(Number);
      open.push(Math.abs(to - from) + 1);
    }
  }
  return product;
}
