/** Shaped Attention where dropout falls on its whole matrix. @module */
import { type AdapterLimits, read, readWrite, write } from "../../dispatch.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import { bytes, type Tensor } from "../../tensor.ts";
import { plainKernel } from "../attention/attention_kernels.ts";
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

function common({ attrs }: Node<Attrs>, v: Tensor, limits: AdapterLimits) {
  const { sequenceLength, headDim } = attrs;
  const heads = v.shape[1] / headDim, sequences = v.shape[0] / sequenceLength;
  const { constants, tile } = plainKernel("forward", headDim, limits);
  return {
    constants: { ...constants, DROP: true },
    params: { sequence_length: sequenceLength, heads, ...dropoutParams(attrs) },
    workgroups: [Math.ceil(sequenceLength / tile), heads, sequences] as [
      number,
      number,
      number,
    ],
    flops: sequences * sequenceLength * (sequenceLength + 1) * v.shape[1],
    bytes: 3 * bytes(v),
  };
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
    return [{
      kernel: "shaped/shaped_dropout",
      ...common(node, v, limits),
      bindings: { v: read(v), random: read(random), e: write(e), u: write(u) },
    }];
  },
};

const backward: Operation<Attrs> = {
  name: "shaped_dropout_grad",
  lower(node, limits) {
    const [de, du, random] = node.inputs, [dv] = node.outputs;
    const { constants, ...rest } = common(node, dv, limits);
    return [{
      kernel: "shaped/shaped_dropout_grad",
      ...rest,
      constants: { ...constants, ACCUMULATE: !!node.accumulateInto },
      bindings: {
        d_e: read(de),
        d_u: read(du),
        random: read(random),
        dv: node.accumulateInto ? readWrite(dv) : write(dv),
      },
    }];
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
