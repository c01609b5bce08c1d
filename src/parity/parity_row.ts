/** How far is a number from the authors' number? @module */

/** One quantity compared with its reference. */
export interface ParityRow {
  quantity: string;
  /** Where the difference is largest. */
  where: string;
  /** The largest difference. */
  difference: number;
  /** The largest allowed difference there. */
  tolerance: number;
  holds: boolean;
}

/** Distance; NaN and missing values are infinitely far. */
export function gap(got: number, want: number): number {
  const distance = Math.abs(got - want);
  return Number.isNaN(distance) ? Infinity : distance;
}

/** A quantity and its difference from the reference. */
export const parityRow = (
  quantity: string,
  where: string,
  difference: number,
  tolerance: number,
): ParityRow => ({
  quantity,
  where,
  difference,
  tolerance,
  holds: difference <= tolerance,
});

/** Compares a number with its reference. */
export const compareNumbers = (
  quantity: string,
  where: string,
  got: number,
  want: number,
  tolerance: number,
) => parityRow(quantity, where, gap(got, want), tolerance);

/**
 * Compares two arrays: the element that comes nearest to its tolerance,
 * `absolute + relative |x|`.
 */
export function compareArrays(
  name: string,
  got: Float32Array,
  want: Float32Array,
  { absolute, relative }: { absolute: number; relative: number },
): ParityRow {
  let found = parityRow(name, `${name}[0]`, 0, absolute);
  want.forEach((x, i) => {
    const tolerance = absolute + relative * Math.abs(x);
    const difference = gap(got[i], x);
    if (difference / tolerance > found.difference / found.tolerance) {
      found = parityRow(name, `${name}[${i}]`, difference, tolerance);
    }
  });
  return found;
}

/** The row that comes nearest to its tolerance. */
export const worstRow = (rows: ParityRow[]): ParityRow =>
  rows.reduce((a, b) =>
    b.difference / b.tolerance > a.difference / a.tolerance ? b : a
  );
