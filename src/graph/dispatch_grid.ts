/** Index arithmetic that element-wise and row-wise operations share. @module */
import type { AdapterLimits } from "./dispatch.ts";
import { BYTES, bytes, type Tensor } from "./tensor.ts";

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

/** Shape and type: all that bytes depend on. */
type Sized = Pick<Tensor, "shape" | "dtype">;

/** A stretch of elements or rows, of which every tensor's fit one binding. */
export interface TensorRange {
  /** First element or row. */
  start: number;
  /** Elements or rows. */
  count: number;
  /** The stretch as a byte range of a tensor that has these rows. */
  of(tensor: Sized): { offset: number; size: number };
}

/**
 * Cuts `elements` elements of any type into stretches of at most one binding.
 */
export function flatRanges(
  elements: number,
  limits: AdapterLimits,
): TensorRange[] {
  const step = Math.floor(limits.maxBindingBytes / 4);
  // Offsets are aligned for the narrowest type too.
  return stretches(elements, step, limits.offsetAlignment / 2)
    .map(({ start, count }) => ({
      start,
      count,
      // Whole vec4s are read, so the tail is padded: buffers end on 16 bytes.
      of: ({ dtype }) => ({
        offset: start * BYTES[dtype],
        size: Math.ceil(count / 4) * 4 * BYTES[dtype],
      }),
    }));
}

/**
 * Cuts tensors of `rows` rows each, whose widths and types may differ, into
 * stretches of at most one binding, each starting on the adapter's offset
 * alignment. A row may be several of a tensor's, e.g. a whole sequence.
 *
 * @param most rows of a stretch, where each has a workgroup along a dimension
 * @throws {RangeError} if not even the fewest aligned rows fit one binding
 */
export function rowRanges(
  rows: number,
  tensors: readonly Tensor[],
  limits: AdapterLimits,
  most = Infinity,
): TensorRange[] {
  const { maxBindingBytes, offsetAlignment } = limits;
  const widest = tensors.reduce((a, b) => bytes(b) > bytes(a) ? b : a);
  const fit = Math.floor(maxBindingBytes / (bytes(widest) / rows));
  const step = Math.min(fit, most);
  // The smallest number of rows whose bytes are a multiple of the alignment.
  const align = Math.max(
    ...tensors.map((t) =>
      offsetAlignment / gcd(bytes(t) / rows, offsetAlignment)
    ),
  );
  if (step < rows && step < align) {
    throw new RangeError(
      `Cannot cut '${widest.name}' ([${widest.shape}]) to stretches of ${align} of its ${rows} rows: this adapter binds at most ${maxBindingBytes} bytes`,
    );
  }
  return stretches(rows, step, align).map(({ start, count }) => ({
    start,
    count,
    of: (tensor) => ({
      offset: start * (bytes(tensor) / rows),
      size: Math.ceil(count * (bytes(tensor) / rows) / 16) * 16,
    }),
  }));
}

/**
 * `size` in stretches of at most `step`, all but the last multiples of `align`.
 */
function stretches(size: number, step: number, align: number) {
  if (step >= size) return [{ start: 0, count: size }];
  const whole = step - step % align;
  const out: { start: number; count: number }[] = [];
  for (let start = 0; start < size; start += whole) {
    out.push({ start, count: Math.min(whole, size - start) });
  }
  return out;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

/** 4 where rows of `width` elements can be read as vec4, else 1. */
export const vectorWidth = (width: number): 1 | 4 => width % 4 === 0 ? 4 : 1;
