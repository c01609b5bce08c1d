/** LayerNorm and RMSNorm, of rows or of each head. @module */
import {
  type AdapterLimits,
  type Binding,
  type Constant,
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
  type Output,
} from "../../graph.ts";
import { blocksOf, columnLanes, reduceConstants } from "../../reduction.ts";
import {
  BYTES,
  bytes,
  count,
  type FloatType,
  type Tensor,
} from "../../tensor.ts";
import { addBlocks, sumBlocks, sumBlocksShape } from "../reduce/block_sums.ts";

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

const shapeOf = (
  node: Node<Attrs>,
  x: Tensor,
  scale: Tensor | { width: number },
) => {
  const width = "width" in scale ? scale.width : count(scale);
  const { scales, heads, kind } = node.attrs;
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
    const rows = count(x) / count(weights[0]) / scales;
    const blocks = (tensor: Tensor): Output => ({
      name: `d ${tensor.name} blocks`,
      shape: sumBlocksShape(rows, count(tensor)),
    });
    // Scale and bias of a group are summed together.
    const pairs = weights.map((scale, group) => ({
      scale,
      bias: biased ? parameters[2 * group + 1] : undefined,
    }));
    const together = scales === 1 && to.needsGradient(x) &&
      to.needsGradient(weights[0]);
    const number = (limits: AdapterLimits) => sumBlocks(rows, limits);
    const finish = ({ scale, bias }: typeof pairs[0], made: Tensor[]) => {
      to.accumulate(
        scale,
        (total) => addBlocks(to.graph, made[0], number, total!),
      );
      if (!bias) return;
      to.accumulate(
        bias,
        (total) => addBlocks(to.graph, made[1], number, total!),
      );
    };
    if (!together) {
      pairs.forEach((pair, group) => {
        const { scale, bias } = pair;
        if (!to.needsGradient(scale)) return;
        const attrs = { ...node.attrs, group };
        const made = to.graph.add(parameterGradient, [x, stats, dy], attrs, [
          blocks(scale),
          ...bias ? [blocks(bias)] : [],
        ]);
        finish(pair, made);
      });
    }
    to.accumulate(
      x,
      (accumulateInto) => {
        const inputs = [x, stats, dy, ...weights];
        const [pair] = pairs, { scale, bias } = pair;
        const [dx, ...made] = to.graph.add(inputGradient, inputs, node.attrs, [
          gradientOf(x),
          ...together ? [blocks(scale), ...bias ? [blocks(bias)] : []] : [],
        ], { accumulateInto });
        if (together) finish(pair, made);
        return dx;
      },
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
    const [, ...sums] = node.outputs;
    const ranges = rowRanges(tokens, [x, stats, dy, dx], limits);
    if (sums.length > 0) {
      const lanes = rowLanes(width / constants.VW, limits);
      if (ranges.length === 1 && lanes) return [together(node, lanes, limits)];
      const shape = { group: 0, sums };
      return [
        ...parameterSums(node, shape, limits),
        ...inputOf({ ...node, outputs: [dx] }, limits),
      ];
    }
    const { BIAS: _, ...used } = constants;
    return ranges.map((range) => ({
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

/** {@linkcode inputGradient} without sums. */
const inputOf = (node: Node<Attrs>, limits: AdapterLimits) =>
  inputGradient.lower(node, limits);

/** Most units of a row in the registers of a lane: code and registers. */
const MOST_UNITS = { software: 32, gpu: 8 };

/**
 * Constants of a workgroup that keeps rows of `units` in registers; undefined
 * where they do not fit.
 */
function rowLanes(
  units: number,
  limits: AdapterLimits,
): Record<string, Constant> | undefined {
  const most = MOST_UNITS[limits.software ? "software" : "gpu"];
  const reduce = reduceConstants(limits), subgroup = Number(reduce.WG);
  const fit = limits.software ? [subgroup] : [subgroup, 64, 128, 256];
  const WG = fit.find((lanes) => units <= most * lanes);
  if (WG === undefined) return undefined;
  return {
    SUBGROUPS: reduce.SUBGROUPS && WG === subgroup,
    WG,
    UNITS: Math.ceil(units / WG),
    TAIL: units % WG !== 0,
  };
}

/** All gradients of plain rows in one dispatch. */
function together(
  node: Node<Attrs>,
  lanes: Record<string, Constant>,
  limits: AdapterLimits,
): Dispatch {
  const [x, stats, dy, scale] = node.inputs;
  const [dx, dscale, dbias] = node.outputs;
  const { tokens, each, width, constants } = shapeOf(node, x, scale);
  const { VW, CENTRE, BIAS } = constants, rows = tokens * each;
  const blocks = sumBlocks(rows, limits);
  return {
    kernel: "norm/norm_grad_rows",
    constants: {
      VW,
      CENTRE,
      BIAS,
      ...lanes,
      ACCUMULATE: !!node.accumulateInto,
    },
    params: { rows, width, eps: f32(node.attrs.eps), blocks },
    bindings: {
      x: read(x),
      stats: read(stats),
      dy: read(dy),
      dx: readWrite(dx),
      scale: read(scale),
      dscale: write(dscale, blocksOf(dscale, blocks, width)),
      ...dbias ? { dbias: write(dbias, blocksOf(dbias, blocks, width)) } : {},
    },
    workgroups: [blocks, 1, 1],
    flops: 14 * rows * width,
    bytes: bytes(x) + bytes(dy) + (node.accumulateInto ? 2 : 1) * bytes(dx) +
      BYTES.f32 * (dbias ? 2 : 1) * blocks * width,
  };
}

/** Blocks of the gradients of scale and bias of one group of heads. */
function parameterSums(
  node: Node<Attrs>,
  { group, sums: [dscale, dbias] }: { group: number; sums: readonly Tensor[] },
  limits: AdapterLimits,
): Dispatch[] {
  const [x, stats, dy] = node.inputs, { scales, eps } = node.attrs;
  const width = dscale.shape[1];
  const { tokens, each, heads, constants } = shapeOf(node, x, { width });
  const blocks = sumBlocks(tokens * heads, limits), WG = columnLanes(limits);
  return rowRanges(tokens, [x, stats, dy], limits).map((range) => ({
    kernel: "norm/norm_param_grad",
    constants: { ...constants, BIAS: !!dbias, WG, ACCUMULATE: range.start > 0 },
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
      dscale: readWrite(dscale, blocksOf(dscale, blocks, width)),
      ...dbias
        ? { dbias: readWrite(dbias, blocksOf(dbias, blocks, width)) }
        : {},
    },
    workgroups: [Math.ceil(width / constants.VW / WG), blocks, 1],
    flops: 4 * range.count * heads * width,
    bytes: (range.of(x).size + range.of(dy).size) / scales,
  }));
}

const parameterGradient: Operation<Attrs & { group: number }> = {
  name: "norm_param_grad",
  lower: (node, limits) =>
    parameterSums(
      node,
      { group: node.attrs.group, sums: node.outputs },
      limits,
    ),
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
