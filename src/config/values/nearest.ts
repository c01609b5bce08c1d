/**
 * Which known name is nearest to a mistyped one?
 * @module
 */

/**
 * The number of insertions, deletions, substitutions and swaps of neighbours
 * between two strings (optimal string alignment distance).
 */
export function editDistance(a: string, b: string): number {
  // Three rows of the table suffice: a swap looks two rows back.
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] &&
        a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, above] = [above, row];
  }
  return above[b.length];
}

const lastPart = (name: string) => name.slice(name.lastIndexOf(".") + 1);

/**
 * The known name nearest to `name`; the first one among equals.
 *
 * Capitals count as small letters. Dotted names also match by their last part
 * alone, at the cost of one edit: `n_layer` finds `model.n_layer`,
 * `model.eval_step` finds `train.eval_steps`.
 *
 * @param known at least one name
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearest } from "./nearest.ts";
 *
 * const known = ["model.n_layer", "model.n_head", "train.eval_steps"];
 * assertEquals(nearest("n_layer", known), "model.n_layer");
 * assertEquals(nearest("model.eval_step", known), "train.eval_steps");
 * ```
 */
export function nearest(name: string, known: readonly string[]): string {
  // A mistyped name is short; the distance costs the product of the lengths.
  const typed = name.slice(0, 100).toLowerCase();
  const distance = (candidate: string) => {
    const known = candidate.toLowerCase();
    return Math.min(
      editDistance(typed, known),
      1 + editDistance(lastPart(typed), lastPart(known)),
    );
  };
  let best = known[0];
  for (const candidate of known) {
    if (distance(candidate) < distance(best)) best = candidate;
  }
  return best;
}
