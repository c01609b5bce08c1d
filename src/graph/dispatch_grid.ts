/** Index arithmetic that element-wise and row-wise operations share. @module */
import type { AdapterLimits } from "./dispatch.ts";

/** Workgroups allowed along one dimension by every WebGPU device. */
export const MAX_WORKGROUPS = 65_535;

/**
 * A grid of at least `groups` workgroups; see `kernels/lib/grid.wgsl`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grid } from "./dispatch_grid.ts";
 *
 * assertEquals(grid(1000), [1000, 1, 1]);
 * // Beyond the limit of one dimension, groups go into a second one.
 * const [x, y] = grid(100_000);
 * assertEquals(x * y >= 100_000, true);
 * ```
 */
export function grid(groups: number): [number, number, number] {
  return groups <= MAX_WORKGROUPS
    ? [groups, 1, 1]
    : [MAX_WORKGROUPS, Math.ceil(groups / MAX_WORKGROUPS), 1];
}

/** Grid for invocations of four elements, `size` invocations per workgroup. */
export function flatGrid(
  elements: number,
  size: number,
): [number, number, number] {
  return grid(Math.ceil(elements / 4 / size));
}

/** A stretch of a flat tensor that fits one binding. */
export interface ElementRange {
  /** First element. */
  start: number;
  /** Elements. */
  count: number;
  /** The same as a binding's byte range. */
  bytes: { offset: number; size: number };
}

/** Cuts `elements` 4-byte elements into stretches of at most one binding. */
export function flatRanges(
  elements: number,
  limits: AdapterLimits,
): ElementRange[] {
  return rowRanges(elements, 1, limits).map(({ start, count }) => ({
    start,
    count,
    // Whole vec4s are read, so the tail is padded: buffers end on 16 bytes.
    bytes: { offset: start * 4, size: Math.ceil(count / 4) * 16 },
  }));
}

/** A stretch of rows. */
export interface RowRange {
  start: number;
  count: number;
}

/**
 * Cuts rows of `width` 4-byte elements into stretches of at most one binding,
 * each starting on the adapter's offset alignment.
 *
 * @throws {RangeError} if not even the fewest aligned rows fit one binding
 */
export function rowRanges(
  rows: number,
  width: number,
  limits: AdapterLimits,
): RowRange[] {
  const bytes = width * 4;
  let step = Math.floor(limits.maxBindingBytes / bytes);
  if (step >= rows) return [{ start: 0, count: rows }];
  // The smallest number of rows whose bytes are a multiple of the alignment.
  const align = limits.offsetAlignment / gcd(bytes, limits.offsetAlignment);
  step -= step % align;
  if (step < 1) {
    throw new RangeError(
      `Cannot cut rows of ${width} elements: this adapter binds at most ${limits.maxBindingBytes} bytes`,
    );
  }
  const out: RowRange[] = [];
  for (let start = 0; start < rows; start += step) {
    out.push({ start, count: Math.min(step, rows - start) });
  }
  return out;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** 4 where rows of `width` elements can be read as vec4, else 1. */
export const vectorWidth = (width: number): 1 | 4 => width % 4 === 0 ? 4 : 1;
