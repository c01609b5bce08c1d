/** Inner products and sums of squares. @module */
import {
  type AdapterLimits,
  type Constant,
  type Dispatch,
  f32,
  read,
  readWrite,
} from "../../dispatch.ts";
import { flatRanges } from "../../dispatch_grid.ts";
import type { Graph, Operation } from "../../graph.ts";
import { reduceConstants } from "../../reduction.ts";
import { BYTES, count, type Tensor } from "../../tensor.ts";

/** Partial sums that fill a GPU. */
const MOST_PARTIALS = 1024;

/**
 * Most partial sums that one tensor leaves: {@linkcode MOST_PARTIALS}, and one
 * for each binding that it needs.
 */
export const MAX_PARTIALS = 2 * MOST_PARTIALS;

/**
 * Lanes of a workgroup that adds up a stretch: many on a GPU, where few would
 * wait for each load.
 */
const stretchLanes = (limits: AdapterLimits): Record<string, Constant> =>
  limits.software ? reduceConstants(limits) : { SUBGROUPS: false, WG: 256 };

/** How many vec4s of a tensor of `elements` one workgroup adds up. */
const stretchOf = (elements: number) =>
  Math.max(1024, Math.ceil(elements / 4 / MOST_PARTIALS));

/** Elements of tensors, from a multiple of 4 on. */
interface Elements {
  /** @default 0 */
  start?: number;
  count: number;
}

/** Elements before `start` from where a binding can begin. */
const leadOf = ({ start = 0 }: Elements, limits: AdapterLimits) =>
  start % (limits.offsetAlignment / 2);

/** Partial sums that {@linkcode dotPartials} leaves for elements. */
export function partialCount(elements: Elements, limits: AdapterLimits) {
  const bound = leadOf(elements, limits) + elements.count;
  const stretch = stretchOf(bound);
  return flatRanges(bound, limits).reduce(
    (n, range) => n + Math.ceil(range.count / 4 / stretch),
    0,
  );
}

/** The first `n` sums of a tensor that has room for more, for a binding. */
export const firstOf = (n: number) => ({ size: Math.ceil(n / 4) * 16 });

/**
 * Dispatches that leave partial sums of `a · b` (of `a · a` without `b`), over
 * some of their elements, in `partial`, from element `first` on.
 */
export function dotPartials(
  { a, b, ...elements }: Elements & { a: Tensor; b?: Tensor },
  partial: Tensor,
  first: number,
  limits: AdapterLimits,
): Dispatch[] {
  let at = first;
  const operands = b ? [a, b] : [a], lead = leadOf(elements, limits);
  const used = firstOf(first + partialCount(elements, limits));
  const { start = 0 } = elements, stretch = stretchOf(lead + elements.count);
  return flatRanges(lead + elements.count, limits).map((range) => {
    const groups = Math.ceil(range.count / 4 / stretch), group = at;
    at += groups;
    const bound = (x: Tensor) => {
      const { offset, size } = range.of(x);
      return read(x, {
        offset: offset + BYTES[x.dtype] * (start - lead),
        size,
      });
    };
    return {
      kernel: "reduce/dot_product",
      constants: { PAIR: !!b, ...stretchLanes(limits) },
      params: {
        lead: range.start === 0 ? lead / 4 : 0,
        count: range.count,
        stretch,
        first_partial: group,
      },
      bindings: {
        a: bound(a),
        partial: readWrite(partial, used),
        ...b ? { b: bound(b) } : {},
      },
      workgroups: [groups, 1, 1],
      flops: 2 * range.count,
      bytes: operands.reduce((n, t) => n + BYTES[t.dtype], 0) * range.count,
    };
  });
}

/**
 * Adds `factor[0] · sum(x[0 .. n])` to `y[0]`; without `factor`, the sum alone.
 */
export function accumulateSum(
  x: Tensor,
  n: number,
  y: Tensor,
  limits: AdapterLimits,
  factor?: Tensor,
): Dispatch {
  return {
    kernel: "reduce/sum",
    constants: { SCALED: !!factor, ...reduceConstants(limits) },
    params: { count: n, scale: f32(1) },
    bindings: {
      x: read(x, firstOf(n)),
      y: readWrite(y),
      ...factor ? { factor: read(factor) } : {},
    },
    workgroups: [1, 1, 1],
    flops: n,
    bytes: 4 * n,
  };
}

const operation: Operation<null> = {
  name: "dot_product",
  lower(node, limits) {
    const [a, b] = node.inputs, [y, partial] = node.outputs;
    const elements = { count: count(a) };
    return [
      ...dotPartials({ a, b, ...elements }, partial, 0, limits),
      accumulateSum(partial, partialCount(elements, limits), y, limits),
    ];
  },
};

/**
 * Adds the inner product of two tensors of one shape to `accumulateInto`
 * (`[1]`).
 */
export function dotProduct(
  graph: Graph,
  a: Tensor,
  b: Tensor,
  accumulateInto: Tensor,
): Tensor {
  return graph.add(operation, [a, b], null, [
    { name: `${a.name} · ${b.name}`, shape: [1] },
    { name: "dot partials", shape: [MAX_PARTIALS] },
  ], { accumulateInto })[0];
}
