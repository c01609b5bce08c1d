/** Shaped Attention where dropout falls on its whole matrix. @module */
import {
  type AdapterLimits,
  type Dispatch,
  read,
  readWrite,
  write,
} from "../../dispatch.ts";
import { MAX_WORKGROUPS, rowRanges, vectorWidth } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import { columnLanes } from "../../reduction.ts";
import type { Tensor } from "../../tensor.ts";
import { type Dropout, dropoutParams } from "../elementwise/dropout.ts";
import { scale } from "../elementwise/scale.ts";
import { weightedSum } from "../elementwise/weighted_sum.ts";
import type { ShapedGains } from "./shaped.ts";

interface Attrs {
  /** Tokens of one sequence, T. */
  sequenceLength: number;
  headDim: number;
  rate: number;
  site: number;
}

/**
 * What both directions share, for each stretch of the sequences of `tensors`.
 */
function common(
  { attrs }: Node<Attrs>,
  tensors: readonly [Tensor, Tensor, Tensor],
  limits: AdapterLimits,
) {
  const { sequenceLength, headDim } = attrs, [v] = tensors;
  const heads = v.shape[1] / headDim, sequences = v.shape[0] / sequenceLength;
  const VW = vectorWidth(headDim), WG = columnLanes(limits);
  const constants = { VW, WG, HEAD_UNITS: headDim / VW, DROP: true };
  const ranges = rowRanges(sequences, tensors, limits, MAX_WORKGROUPS);
  return ranges.map((range) => ({
    range,
    constants,
    rest: {
      params: {
        first_sequence: range.start,
        sequence_length: sequenceLength,
        heads,
        ...dropoutParams(attrs),
      },
      workgroups: [
        Math.ceil(sequenceLength / WG),
        heads,
        range.count,
      ] satisfies Dispatch["workgroups"],
      flops: range.count * sequenceLength * (sequenceLength + 1) * v.shape[1],
      bytes: tensors.reduce((n, tensor) => n + range.of(tensor).size, 0),
    },
  }));
}

const forward: Operation<Attrs> = {
  name: "shaped_dropout",
  gradient(node, [de, du], to) {
    if (!de || !du) return;
    const [v, random] = node.inputs;
    to.accumulate(
      v,
      (accumulateInto) =>
        to.graph.add(backward, [de, du, random], node.attrs, [
          gradientOf(v),
        ], { accumulateInto })[0],
    );
  },
  lower(node, limits) {
    const [v, random] = node.inputs, [e, u] = node.outputs;
    return common(node, [v, e, u], limits).map((
      { range, constants, rest },
    ): Dispatch => ({
      kernel: "shaped/shaped_dropout",
      constants,
      ...rest,
      bindings: {
        v: read(v, range.of(v)),
        random: read(random),
        e: write(e, range.of(e)),
        u: write(u, range.of(u)),
      },
    }));
  },
};

const backward: Operation<Attrs> = {
  name: "shaped_dropout_grad",
  lower(node, limits) {
    const [de, du, random] = node.inputs, [dv] = node.outputs;
    const stretches = common(node, [dv, de, du], limits);
    return stretches.map(({ range, constants, rest }): Dispatch => ({
      kernel: "shaped/shaped_dropout_grad",
      ...rest,
      constants: { ...constants, ACCUMULATE: !!node.accumulateInto },
      bindings: {
        d_e: read(de, range.of(de)),
        d_u: read(du, range.of(du)),
        random: read(random),
        dv: (node.accumulateInto ? readWrite : write)(dv, range.of(dv)),
      },
    }));
  },
};

/**
 * `(M ∘ (resid·A + skip·I − centre·U)) v` for each head, M being the mask of
 * `dropout`, given `a = (M ∘ A) v`: the authors drop elements of the finished
 * matrix. Without dropout `shaped` does this in O(T); with it the masked mean
 * takes a walk over all pairs, though still no T × T buffer.
 *
 * @param a `[B·T, H·d]`, from `attention` with the same `dropout`
 * @param v `[B·T, H·d]`, the values
 */
export function shapedDropout(
  graph: Graph,
  name: string,
  a: Tensor,
  v: Tensor,
  gains: ShapedGains,
  { sequenceLength, headDim, dropout }: {
    sequenceLength: number;
    headDim: number;
    dropout: Dropout;
  },
): Tensor {
  const { rate, site, random } = dropout;
  const dtype = graph.types.activations;
  const [e, u] = graph.add(
    forward,
    [v, random],
    { sequenceLength, headDim, rate, site },
    [
      { name: `${name} identity`, shape: v.shape, dtype },
      { name: `${name} mean`, shape: v.shape, dtype },
    ],
  );
  const term = (kind: keyof ShapedGains, x: Tensor, sign: number) => {
    const gain = gains[kind];
    return typeof gain === "number"
      ? { x, gain: sign * gain }
      : { x: scale(graph, `${name} ${kind}`, x, gain), gain: sign };
  };
  return weightedSum(graph, name, [
    term("resid", a, 1),
    term("skip", e, 1),
    term("centre", u, -1),
  ]);
}
