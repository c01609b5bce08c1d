/** LayerNorm and RMSNorm, of rows or of each head. @module */
import {
  type AdapterLimits,
  type Binding,
  type Dispatch,
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
import {
  columnLanes,
  columnSum,
  MAX_ROW_BLOCKS,
  reduceConstants,
  rowBlocks,
} from "../../reduction.ts";
import { count, type FloatType, type Tensor } from "../../tensor.ts";

/** How to normalise. */
export interface NormAttrs {
  /** `ln`: LayerNorm, eps inside the root; `rmsnorm`: RMSNorm, eps outside. */
  kind: "ln" | "rmsnorm";
  eps: number;
  /**
   * Normalises heads: the last axis holds, for each scale in turn, this many
   * heads side by side, each as wide as the scale. 1 for a plain norm.
   */
  heads: number;
}

interface Attrs extends NormAttrs {
  scales: number;
  biased: boolean;
}

const shapeOf = (node: Node<Attrs>, x: Tensor, scale: Tensor) => {
  const width = count(scale), { scales, heads, kind } = node.attrs;
  /** Rows of a token. */
  const each = scales * heads;
  return {
    tokens: count(x) / width / each,
    each,
    width,
    constants: {
      VW: vectorWidth(width),
      GROUPS: scales,
      CENTRE: kind === "ln",
      BIAS: node.attrs.biased,
    },
    heads,
  };
};

/** Bindings of parameters in group order: `scale0`, `bias0`, `scale1`, … */
const parameterBindings = (names: string[], parameters: readonly Tensor[]) =>
  Object.fromEntries(parameters.map((tensor, i): [string, Binding] => {
    const group = Math.floor(i / names.length);
    return [`${names[i % names.length]}${group}`, read(tensor)];
  }));

const forward: Operation<Attrs> = {
  name: "norm",
  gradient(node, [dy], to) {
    if (!dy) return;
    const { scales, biased } = node.attrs;
    const [x, ...parameters] = node.inputs, stats = node.outputs[1];
    const weights = parameters.filter((_, i) => !biased || i % 2 === 0);
    for (let group = 0; group < scales; group++) {
      const scale = weights[group];
      if (!to.needsGradient(scale)) continue;
      const bias = biased ? parameters[2 * group + 1] : undefined;
      to.accumulate(scale, (accumulateInto) => {
        // Another node sums the blocks of dbias.
        const attrs = { ...node.attrs, group };
        const made = to.graph.add(parameterGradient, [x, stats, dy], attrs, [
          gradientOf(scale),
          {
            name: `d ${scale.name} blocks`,
            shape: [MAX_ROW_BLOCKS, count(scale)],
          },
          ...bias
            ? [{
              name: `d ${bias.name} blocks`,
              shape: [MAX_ROW_BLOCKS, count(scale)],
            }]
            : [],
        ], { accumulateInto });
        if (bias && to.needsGradient(bias)) {
          to.accumulate(bias, (accumulateInto) =>
            to.graph.add(
              blockSum,
              [made[2]],
              { rows: count(x) / count(scale) / scales },
              [gradientOf(bias)],
              { accumulateInto },
            )[0]);
        }
        return made[0];
      });
    }
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(inputGradient, [x, stats, dy, ...weights], node.attrs, [
          gradientOf(x),
        ], { accumulateInto })[0],
    );
  },
  lower(node, limits) {
    const [x, ...parameters] = node.inputs, [y, stats] = node.outputs;
    const { tokens, each, width, heads, constants } = shapeOf(
      node,
      x,
      parameters[0],
    );
    return rowRanges(tokens, [x, y, stats], limits).map((range) => ({
      kernel: "norm/norm",
      constants: {
        ...constants,
        ...reduceConstants(limits),
      },
      params: {
        rows: range.count * each,
        width,
        heads,
        eps: f32(node.attrs.eps),
      },
      bindings: {
        x: read(x, range.of(x)),
        y: write(y, range.of(y)),
        stats: write(stats, range.of(stats)),
        ...parameterBindings(
          node.attrs.biased ? ["scale", "bias"] : ["scale"],
          parameters,
        ),
      },
      workgroups: grid(range.count * each),
      flops: 6 * range.count * each * width,
      bytes: range.of(x).size + range.of(y).size,
    }));
  },
};

const inputGradient: Operation<Attrs> = {
  name: "norm_grad",
  lower(node, limits) {
    const [x, stats, dy, ...weights] = node.inputs, [dx] = node.outputs;
    const { tokens, each, width, heads, constants } = shapeOf(
      node,
      x,
      weights[0],
    );
    const { BIAS: _, ...used } = constants;
    return rowRanges(tokens, [x, stats, dy, dx], limits).map((range) => ({
      kernel: "norm/norm_grad",
      constants: {
        ...used,
        ...reduceConstants(limits),
        ACCUMULATE: !!node.accumulateInto,
      },
      params: {
        rows: range.count * each,
        width,
        heads,
        eps: f32(node.attrs.eps),
      },
      bindings: {
        x: read(x, range.of(x)),
        stats: read(stats, range.of(stats)),
        dy: read(dy, range.of(dy)),
        dx: readWrite(dx, range.of(dx)),
        ...parameterBindings(["scale"], weights),
      },
      workgroups: grid(range.count * each),
      flops: 10 * range.count * each * width,
      bytes: range.of(x).size + range.of(dy).size +
        (node.accumulateInto ? 2 : 1) * range.of(dx).size,
    }));
  },
};

const parameterGradient: Operation<Attrs & { group: number }> = {
  name: "norm_param_grad",
  lower(node, limits) {
    const [x, stats, dy] = node.inputs;
    const [dscale, scaleBlocks, biasBlocks] = node.outputs;
    const { tokens, each, width, heads, constants } = shapeOf(node, x, dscale);
    const { scales, group, eps } = node.attrs;
    const blocks = rowBlocks(tokens * heads, limits), WG = columnLanes(limits);
    return [
      ...rowRanges(tokens, [x, stats, dy], limits).map((range): Dispatch => ({
        kernel: "norm/norm_param_grad",
        constants: {
          ...constants,
          BIAS: !!biasBlocks,
          WG,
          ACCUMULATE: range.start > 0,
        },
        params: {
          rows: range.count * each,
          width,
          heads,
          eps: f32(eps),
          groups: scales,
          group,
          blocks,
        },
        bindings: {
          x: read(x, range.of(x)),
          stats: read(stats, range.of(stats)),
          dy: read(dy, range.of(dy)),
          dscale: readWrite(scaleBlocks),
          ...biasBlocks ? { dbias: readWrite(biasBlocks) } : {},
        },
        workgroups: [Math.ceil(width / constants.VW / WG), blocks, 1],
        flops: 4 * range.count * heads * width,
        bytes: (range.of(x).size + range.of(dy).size) / scales,
      })),
      columnSum(
        scaleBlocks,
        dscale,
        { rows: blocks, width, blocks: 1 },
        true,
        limits,
      ),
    ];
  },
};

const blockSum: Operation<{ rows: number }> = {
  name: "block_sum",
  lower(node, limits: AdapterLimits) {
    const [blocks] = node.inputs, [total] = node.outputs;
    const rows = rowBlocks(node.attrs.rows, limits);
    const sizes = { rows, width: count(total), blocks: 1 };
    return [columnSum(blocks, total, sizes, true, limits)];
  },
};

/**
 * Normalises each row of `x` (`[…, D]`), or each head of it.
 *
 * LayerNorm as in PyTorch; RMSNorm is `scale · x / (rms(x) + eps)`, the form of
 * the code of arXiv 2311.01906.
 *
 * @param parameters a scale (`[D]`, or `[head_dim]` for each of the packed
 *   query and key halves), and optionally a bias of the same shape
 * @param dtype of the result: by default that of activations
 * @returns the shape of `x`
 * @throws {RangeError} if the heads do not fill the last axis
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Graph } from "../../graph.ts";
 * import { norm } from "./norm.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const scale = graph.persistent("ln.weight", [16]);
 * const bias = graph.persistent("ln.bias", [16]);
 * const y = norm(graph, "ln", x, [{ scale, bias }], {
 *   kind: "ln",
 *   eps: 1e-5,
 *   heads: 1,
 * });
 * assertEquals(y.shape, [8, 16]);
 * ```
 */
export function norm(
  graph: Graph,
  name: string,
  x: Tensor,
  parameters: readonly { scale: Tensor; bias?: Tensor | undefined }[],
  attrs: NormAttrs,
  dtype: FloatType = graph.types.activations,
): Tensor {
  const width = count(parameters[0].scale);
  const last = x.shape[x.shape.length - 1];
  if (last !== width * attrs.heads * parameters.length) {
    throw new RangeError(
      `Cannot normalise '${name}': ${parameters.length} × ${attrs.heads} heads of ${width} do not fill a row of ${last}`,
    );
  }
  const biased = parameters[0].bias !== undefined;
  return graph.add(
    forward,
    [x, ...parameters.flatMap((p) => p.bias ? [p.scale, p.bias] : [p.scale])],
    { ...attrs, scales: parameters.length, biased },
    [
      { name, shape: x.shape, dtype },
      { name: `${name} stats`, shape: [count(x) / width, 2] },
    ],
  )[0];
}
