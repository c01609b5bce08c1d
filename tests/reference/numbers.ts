/** Numbers for tests, and how results are compared. @module */
import { AssertionError } from "@std/assert";

/**
 * `n` numbers in (-scale, scale), the same for equal seeds, each exactly a
 * 32-bit float so that device and reference start from the same values.
 */
export function randoms(n: number, seed: number, scale = 1): Float64Array {
  let state = (seed * 2654435761 + 12345) | 0;
  return Float64Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.fround(scale * ((state >>> 8) / 2 ** 23 - 1));
  });
}

/** `n` integers below `limit`, the same for equal seeds. */
export function integers(n: number, seed: number, limit: number): Uint32Array {
  return Uint32Array.from(
    randoms(n, seed),
    (x) => Math.min(limit - 1, Math.floor((x + 1) / 2 * limit)),
  );
}

/**
 * Fails unless each `|got − want|` is at most
 * `relative · max|want| + absolute`, and says where the largest difference is.
 * NaN is never close.
 */
export function assertClose(
  name: string,
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { relative = 1e-5, absolute = 1e-6 } = {},
): void {
  if (got.length !== want.length) {
    throw new AssertionError(
      `${name}: ${got.length} numbers in place of ${want.length}`,
    );
  }
  let largest = 0, worst = 0, at = 0;
  for (let i = 0; i < want.length; i++) {
    largest = Math.max(largest, Math.abs(want[i]));
    const error = Math.abs(got[i] - want[i]);
    if (!(error <= worst)) [worst, at] = [error, i];
    if (Number.isNaN(worst)) break;
  }
  const allowed = relative * largest + absolute;
  if (!(worst <= allowed)) {
    throw new AssertionError(
      `${name}[${at}] is ${got[at]} in place of ${
        want[at]
      }: off by ${worst}, allowed ${allowed}`,
    );
  }
}

/**
 * The gradient of `f` with respect to `x` by central differences; `f` reads
 * `x`, which is changed and restored. Exact to about 1e-9 for smooth f of order
 * 1.
 */
export function numericalGradient(
  f: () => number,
  x: Float64Array,
  step = 1e-5,
): Float64Array {
  return x.map((value, i) => {
    x[i] = value + step;
    const above = f();
    x[i] = value - step;
    const below = f();
    x[i] = value;
    return (above - below) / (2 * step);
  });
}

/** Inner product. */
export function inner(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
