/** The identity and centring terms of Shaped Attention. @module */
import {
  type AdapterLimits,
  f32,
  read,
  readWrite,
  write,
} from "../../dispatch.ts";
import { grid, rowRanges, vectorWidth } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import { columnLanes, reduceConstants } from "../../reduction.ts";
import { count, type Tensor } from "../../tensor.ts";

/** A number, or a parameter of one element per head. */
type HeadGain = number | Tensor;

/** Gains of the three terms. */
export interface ShapedGains {
  resid: HeadGain;
  skip: HeadGain;
  centre: HeadGain;
}

interface Attrs {
  /** Tokens of one sequence, T. */
  sequenceLength: number;
  headDim: number;
  /**
   * resid, skip, centre; `null` where the gain is a tensor: those follow the
   * inputs a and v.
   */
  gains: (number | null)[];
}

function common(node: Node<Attrs>, v: Tensor, limits: AdapterLimits) {
  const { sequenceLength, headDim, gains } = node.attrs;
  const width = v.shape[1];
  const VW = vectorWidth(headDim), WG = columnLanes(limits);
  return {
    sequences: v.shape[0] / sequenceLength,
    width,
    constants: {
      VW,
      WG,
      TRAINED_R: gains[0] === null,
      TRAINED_S: gains[1] === null,
      TRAINED_C: gains[2] === null,
    },
    params: {
      sequence_length: sequenceLength,
      width,
      head_dim: headDim,
      resid: f32(gains[0] ?? 0),
      skip: f32(gains[1] ?? 0),
      centre: f32(gains[2] ?? 0),
    },
    workgroups: (sequences: number) =>
      grid(Math.ceil(sequences * width / VW / WG)),
  };
}

/**
 * Bindings of the trained gains, or of what lies in their order, by `names`.
 */
const trained = <T>(
  gains: Attrs["gains"],
  names: readonly string[],
  bindings: readonly T[],
): Record<string, T> => {
  const chosen = names.filter((_, i) => gains[i] === null);
  return Object.fromEntries(chosen.map((name, i) => [name, bindings[i]]));
};
const GAINS = ["resid", "skip", "centre"];

const forward: Operation<Attrs> = {
  name: "shaped",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [a, v, ...gains] = node.inputs;
    const sequences = v.shape[0] / node.attrs.sequenceLength;
    const [da, dv, ...sums] = to.graph.add(
      backward,
      [...node.inputs, dy],
      node.attrs,
      [
        gradientOf(a),
        gradientOf(v),
        ...gains.map((g) => ({
          name: `d ${g.name} sums`,
          shape: [sequences, v.shape[1]],
        })),
      ],
    );
    gains.forEach((gain, i) =>
      to.accumulate(
        gain,
        (accumulateInto) =>
          to.graph.add(gainSum, [sums[i]], null, [
            gradientOf(gain),
          ], { accumulateInto })[0],
      )
    );
    to.accumulateTensor(a, da);
    to.accumulateTensor(v, dv);
  },
  lower(node, limits) {
    const [a, v, ...gains] = node.inputs, [y] = node.outputs;
    const { sequences, constants, params, workgroups } = common(
      node,
      v,
      limits,
    );
    return rowRanges(sequences, [a, v, y], limits).map((range) => ({
      kernel: "shaped/shaped",
      constants,
      params: { ...params, sequences: range.count },
      bindings: {
        a: read(a, range.of(a)),
        v: read(v, range.of(v)),
        y: write(y, range.of(y)),
        ...trained(node.attrs.gains, GAINS, gains.map((g) => read(g))),
      },
      workgroups: workgroups(range.count),
      flops: 6 * count(y) * range.count / sequences,
      bytes: 3 * range.of(y).size,
    }));
  },
};

const backward: Operation<Attrs> = {
  name: "shaped_grad",
  lower(node, limits) {
    const [a, v, ...rest] = node.inputs, dy = rest.pop()!;
    const [da, dv, ...sums] = node.outputs;
    const { sequences, constants, params, workgroups } = common(
      node,
      v,
      limits,
    );
    const cut = [a, v, dy, da, dv, ...sums];
    return rowRanges(sequences, cut, limits).map((range) => ({
      kernel: "shaped/shaped_grad",
      constants,
      params: { ...params, sequences: range.count },
      bindings: {
        a: read(a, range.of(a)),
        v: read(v, range.of(v)),
        dy: read(dy, range.of(dy)),
        da: write(da, range.of(da)),
        dv: write(dv, range.of(dv)),
        ...trained(node.attrs.gains, GAINS, rest.map((g) => read(g))),
        ...trained(
          node.attrs.gains,
          ["dr", "ds", "dc"],
          sums.map((sum) => write(sum, range.of(sum))),
        ),
      },
      workgroups: workgroups(range.count),
      flops: 12 * count(dy) * range.count / sequences,
      bytes: 7 * range.of(dy).size,
    }));
  },
};

/** Adds per-sequence, per-column sums up to one number per head. */
const gainSum: Operation<null> = {
  name: "gain_sum",
  lower(node, limits) {
    const [sums] = node.inputs, [total] = node.outputs;
    const [blocks, width] = sums.shape, heads = count(total);
    return [{
      kernel: "reduce/segment_sum",
      constants: reduceConstants(limits),
      params: { blocks, width, span: width / heads },
      bindings: { p: read(sums), y: readWrite(total) },
      workgroups: [heads, 1, 1],
      flops: blocks * width,
      bytes: 4 * blocks * width,
    }];
  },
};

/**
 * `resid · a + skip · v − centre · mean(v_0 … v_t)` for each head: what the
 * attention matrix `resid·A + skip·I − centre·U` does to v (arXiv 2311.01906,
 * section 4.1), given `a = A v`.
 *
 * @param a `[B·T, H·d]`, from `attention`
 * @param v `[B·T, H·d]`, the values
 */
export function shaped(
  graph: Graph,
  name: string,
  a: Tensor,
  v: Tensor,
  gains: ShapedGains,
  attrs: { sequenceLength: number; headDim: number },
): Tensor {
  const list = [gains.resid, gains.skip, gains.centre];
  return graph.add(
    forward,
    [a, v, ...list.filter((gain) => typeof gain !== "number")],
    {
      ...attrs,
      gains: list.map((gain) => typeof gain === "number" ? gain : null),
    },
    [{ name, shape: a.shape, dtype: graph.types.activations }],
  )[0];
}
