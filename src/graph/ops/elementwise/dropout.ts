/**
 * Dropout from counter-based random numbers: forward and backward make the
 * same mask from the same counters, and nothing of it is stored.
 * @module
 */
import {
  type AdapterLimits,
  f32,
  read,
  readWrite,
  type StructValues,
  write,
} from "../../dispatch.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";
import { gradientOf, type Graph, type Operation } from "../../graph.ts";
import { count, type Tensor } from "../../tensor.ts";

/** One place of a model where elements are dropped. */
export interface Dropout {
  /** Probability that an element is dropped, above 0 and below 1. */
  rate: number;
  /** Number of the place, from 1: each has separate random numbers. */
  site: number;
  /**
   * `struct DropoutRandom` of `kernels/lib/dropout_random.wgsl`: `[3]`, u32.
   */
  random: Tensor;
}

/**
 * Parameters of a kernel that drops: place, threshold, factor of what is kept.
 */
export function dropoutParams(
  { site, rate }: Pick<Dropout, "site" | "rate">,
): StructValues {
  // Whole words of 2^32 are dropped: the factor is exact for that share.
  const dropped = Math.min(2 ** 32 - 1, Math.round(rate * 2 ** 32));
  return { site, dropped, keep: f32(1 / (1 - dropped / 2 ** 32)) };
}

/** The places of one forward pass, numbered in the order of the calls. */
export class DropoutStreams {
  readonly #random: Tensor | undefined;
  #last = 0;

  /**
   * @param random as in {@linkcode Dropout}; absent where nothing is dropped,
   *   as in an evaluation
   */
  constructor(random?: Tensor) {
    this.#random = random;
  }

  /** The next place; undefined where nothing is dropped. */
  next(rate: number): Dropout | undefined {
    if (!this.#random || rate === 0) return undefined;
    return { rate, site: ++this.#last, random: this.#random };
  }
}

type Attrs = Pick<Dropout, "site" | "rate">;

const operation: Operation<Attrs> = {
  name: "dropout",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [x, random] = node.inputs;
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(operation, [dy, random], node.attrs, [
          gradientOf(x),
        ], { accumulateInto })[0],
    );
  },
  lower(node, limits: AdapterLimits) {
    const [x, random] = node.inputs, [y] = node.outputs, WG = 64;
    return flatRanges(count(x), limits).map((range) => ({
      kernel: "elementwise/dropout",
      constants: { WG, ACCUMULATE: !!node.accumulateInto },
      params: {
        count: range.count,
        first: range.start,
        ...dropoutParams(node.attrs),
      },
      bindings: {
        x: read(x, range.of(x)),
        y: node.accumulateInto
          ? readWrite(y, range.of(y))
          : write(y, range.of(y)),
        random: read(random),
      },
      workgroups: flatGrid(range.count, WG),
      flops: range.count,
      bytes: range.of(x).size + range.of(y).size,
    }));
  },
};

/**
 * `x`, in its type, each element 0 with probability `rate`, else divided by
 * `1 − rate`.
 *
 * @param dropout where not given, `x` itself is returned and nothing is added
 * @throws {RangeError} if the rate is not above 0 and below 1
 */
export function applyDropout(
  graph: Graph,
  name: string,
  x: Tensor,
  dropout?: Dropout,
): Tensor {
  if (!dropout) return x;
  const { rate, site, random } = dropout;
  if (!(rate > 0 && rate < 1)) {
    throw new RangeError(
      `Cannot drop elements of '${x.name}' as the rate must be above 0 and below 1: got ${rate}`,
    );
  }
  return graph.add(operation, [x, random], { rate, site }, [
    { name, shape: x.shape, dtype: x.dtype },
  ])[0];
}
