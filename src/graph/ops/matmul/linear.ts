/** Linear layers. @module */
import type { AdapterLimits } from "../../dispatch.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import { columnSums } from "../../reduction.ts";
import { bytes, type FloatType, type Tensor } from "../../tensor.ts";
import { addBlocks, sumBlocks, sumBlocksShape } from "../reduce/block_sums.ts";
import { type Epilogue, epilogueOf, hasSide } from "./epilogue.ts";
import { matmul } from "./matmul.ts";
import { SUM_ROWS } from "./matmul_kernels.ts";

/**
 * How a weight lies in memory: GPT-2's `[in, out]` or PyTorch's `[out, in]`.
 */
export type WeightLayout = "in_out" | "out_in";

interface Attrs {
  layout: WeightLayout;
  /** Its side matrix, if any, is the last input or the last output. */
  epilogue?: Epilogue;
}

/** A product and the node after it as one node with an epilogue. */
function fuse(node: Node<Attrs>, next: Node, kept: boolean) {
  const [v] = node.outputs;
  if (node.attrs.epilogue || node.accumulateInto) return undefined;
  const fused = epilogueOf(v, next, kept);
  return fused && {
    ...node,
    inputs: [...node.inputs, ...fused.side ? [fused.side] : []],
    attrs: { ...node.attrs, epilogue: fused.epilogue },
    outputs: [next.outputs[0], ...kept ? [v] : []],
  };
}

/** Bias and epilogue of a node made by {@linkcode fuse}, or of a plain one. */
function epilogueInputs({ inputs, outputs, attrs: { epilogue } }: Node<Attrs>) {
  if (!hasSide(epilogue)) return { rest: inputs, epilogue };
  const kept = epilogue!.kind === "activation";
  return {
    rest: kept ? inputs : inputs.slice(0, -1),
    epilogue,
    side: kept ? outputs[1] : inputs[inputs.length - 1],
  };
}

const forward: Operation<Attrs> = {
  name: "linear",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [x, weight, bias] = node.inputs, { layout } = node.attrs;
    const summed = bias && to.needsGradient(bias) && [{
      name: `d ${bias.name} blocks`,
      shape: sumBlocksShape(dy.shape[0], dy.shape[1], SUM_ROWS),
    }];
    let blocks: Tensor | undefined;
    to.accumulate(weight, (accumulateInto) => {
      const outputs = [
        // In f32 for a computed weight too: it is a sum over all tokens.
        { ...gradientOf(weight), dtype: "f32" as const },
        ...summed || [],
      ];
      const made = to.graph.add(weightGradient, [x, dy], { layout }, outputs, {
        accumulateInto,
      });
      blocks = made[1];
      return made[0];
    });
    if (summed) {
      blocks ??= to.graph.add(biasSum, [dy], null, summed)[0];
      const alone = blocks.node!.operation === biasSum;
      const number = (limits: AdapterLimits) =>
        !alone && sumsInProduct(x, dy, blocks!.node!.outputs[0], limits)
          ? SUM_ROWS
          : sumBlocks(dy.shape[0], limits);
      to.accumulate(
        bias,
        (total) => addBlocks(to.graph, blocks!, number, total!),
      );
    }
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(inputGradient, [dy, weight], { layout }, [
          gradientOf(x),
        ], { accumulateInto })[0],
    );
  },
  fuse,
  lower(node, limits) {
    const { rest: [x, weight, bias], epilogue, side } = epilogueInputs(node);
    const [y] = node.outputs;
    const transposed = node.attrs.layout === "out_in";
    const N = y.shape[1], K = x.shape[1];
    return matmul({
      layout: transposed ? "NT" : "NN",
      M: x.shape[0],
      N,
      K,
      a: { tensor: x, pitch: K },
      b: { tensor: weight, pitch: weight.shape[1] },
      c: { tensor: y, pitch: N },
      bias,
      accumulate: false,
      epilogue,
      side,
    }, limits);
  },
};

const inputGradient: Operation<Attrs> = {
  name: "linear_grad_x",
  fuse,
  lower(node, limits) {
    const { rest: [dy, weight], epilogue, side } = epilogueInputs(node);
    const [dx] = node.outputs;
    return matmul({
      layout: node.attrs.layout === "out_in" ? "NN" : "NT",
      M: dy.shape[0],
      N: dx.shape[1],
      K: dy.shape[1],
      a: { tensor: dy, pitch: dy.shape[1] },
      b: { tensor: weight, pitch: weight.shape[1] },
      c: { tensor: dx, pitch: dx.shape[1] },
      accumulate: !!node.accumulateInto,
      epilogue,
      side,
    }, limits);
  },
};

const weightGradient: Operation<Attrs> = {
  name: "linear_grad_w",
  lower(node, limits) {
    const [x, dy] = node.inputs, [dw, blocks] = node.outputs;
    const [first, second] = node.attrs.layout === "out_in" ? [dy, x] : [x, dy];
    const inProduct = blocks && sumsInProduct(x, dy, dw, limits);
    const before = blocks && !inProduct ? biasBlocks(dy, blocks, limits) : [];
    const product = matmul({
      layout: "TN",
      M: first.shape[1],
      N: second.shape[1],
      K: x.shape[0],
      a: { tensor: first, pitch: first.shape[1] },
      b: { tensor: second, pitch: second.shape[1] },
      c: { tensor: dw, pitch: dw.shape[1] },
      accumulate: !!node.accumulateInto,
      sums: inProduct
        ? { of: first === dy ? "A" : "B", into: blocks }
        : undefined,
    }, limits);
    return [...before, ...product];
  },
};

/**
 * Whether the kernels of the weight's gradient sum `dy` as well: those of GPUs,
 * on rows of whole vec4s that fit one binding.
 */
const sumsInProduct = (
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
  { software, maxBindingBytes }: AdapterLimits,
): boolean =>
  !software && x.shape[1] % 4 === 0 && dy.shape[1] % 4 === 0 &&
  [x, dy, dw].every((tensor) => bytes(tensor) <= maxBindingBytes);

/** First stage of a bias' gradient, in a pass of its own. */
function biasBlocks(dy: Tensor, into: Tensor, limits: AdapterLimits) {
  const [rows, width] = dy.shape, blocks = sumBlocks(rows, limits);
  return columnSums(dy, into, { rows, width, blocks }, limits);
}

const biasSum: Operation<null> = {
  name: "linear_grad_b",
  lower: ({ inputs, outputs }, limits) =>
    biasBlocks(inputs[0], outputs[0], limits),
};

/**
 * `x W + b` (`in_out`) or `x Wᵀ + b` (`out_in`).
 *
 * @param x `[N, in]`
 * @param weight `[in, out]` or `[out, in]`
 * @param bias `[out]`, or shorter: of the first outputs
 * @param dtype of the result: by default that of activations
 * @returns `[N, out]`
 * @throws {RangeError} if the shapes do not fit
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { Graph } from "../../graph.ts";
 * import { linear } from "./linear.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const weight = graph.persistent("weight", [4, 16]);
 * const y = linear(graph, "y", x, weight, undefined, "out_in");
 * assertEquals(y.shape, [8, 4]);
 * assertThrows(
 *   () => linear(graph, "z", x, weight, undefined, "in_out"),
 *   RangeError,
 *   "Cannot apply 'weight'",
 * );
 * ```
 */
export function linear(
  graph: Graph,
  name: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  layout: WeightLayout,
  dtype: FloatType = graph.types.activations,
): Tensor {
  const [inputs, outputs] = layout === "in_out"
    ? weight.shape
    : [weight.shape[1], weight.shape[0]];
  if (x.shape[1] !== inputs) {
    throw new RangeError(
      `Cannot apply '${weight.name}': it takes ${inputs} features, '${x.name}' has ${
        x.shape[1]
      }`,
    );
  }
  const operands = [x, graph.operand(weight), ...bias ? [bias] : []];
  return graph.add(forward, operands, { layout }, [
    { name, shape: [x.shape[0], outputs], dtype },
  ])[0];
}
