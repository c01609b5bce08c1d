/** Pointwise activations. @module */
import {
  type AdapterLimits,
  type Constant,
  type Dispatch,
  f32,
  read,
  readWrite,
  write,
} from "../../dispatch.ts";
import { flatGrid, flatRanges } from "../../dispatch_grid.ts";
import {
  gradientOf,
  type Graph,
  type Node,
  type Operation,
} from "../../graph.ts";
import { count, type Tensor } from "../../tensor.ts";

/**
 * Kernel numbers of the activations, by the names of PyTorch and Hugging Face.
 */
export const ACTIVATIONS = {
  leaky_relu: 0,
  relu: 6,
  gelu: 1,
  gelu_new: 2,
  silu: 3,
  tanh: 4,
  relu_squared: 5,
} as const;

/** The name of an activation. */
export type Activation = keyof typeof ACTIVATIONS;

/** Which activation. */
export interface ActivationAttrs {
  kind: Activation;
  /** Slope of leaky_relu below zero. */
  slope: number;
}

/**
 * Whether the derivative is computed from `f(x)`: `x` need not be kept then.
 * leaky_relu leaves the sign of `x` in `f(x)`, even where the slope is 0.
 */
const fromOutput = ({ kind, slope }: ActivationAttrs): boolean =>
  kind === "relu" || kind === "tanh" || kind === "leaky_relu" && slope >= 0;

/** Constants of `kernels/lib/activations.wgsl`. */
export const activationConstants = (
  attrs: ActivationAttrs,
): Record<string, Constant> => ({
  KIND: ACTIVATIONS[attrs.kind],
  FROM_OUTPUT: fromOutput(attrs),
});

function lower(
  node: Node<ActivationAttrs>,
  limits: AdapterLimits,
  x: Tensor,
  y: Tensor,
  dy?: Tensor,
): Dispatch[] {
  const { slope } = node.attrs, WG = 64;
  const operands = dy ? [x, y, dy] : [x, y];
  return flatRanges(count(x), limits).map((range) => ({
    kernel: "elementwise/activation",
    constants: {
      WG,
      ...activationConstants(node.attrs),
      GRADIENT: !!dy,
      ACCUMULATE: !!node.accumulateInto,
    },
    params: { count: range.count, slope: f32(slope) },
    bindings: {
      x: read(x, range.of(x)),
      y: dy ? readWrite(y, range.of(y)) : write(y, range.of(y)),
      ...dy ? { dy: read(dy, range.of(dy)) } : {},
    },
    workgroups: flatGrid(range.count, WG),
    flops: 10 * range.count,
    bytes: operands.reduce((n, t) => n + range.of(t).size, 0),
  }));
}

const forward: Operation<ActivationAttrs> = {
  name: "activation",
  gradient(node, [dy], to) {
    if (!dy) return;
    const [x] = node.inputs;
    const s = fromOutput(node.attrs) ? node.outputs[0] : x;
    to.accumulate(
      x,
      (accumulateInto) =>
        to.graph.add(backward, [s, dy], node.attrs, [
          gradientOf(x),
        ], { accumulateInto })[0],
    );
  },
  lower: (node, limits) => lower(node, limits, node.inputs[0], node.outputs[0]),
};

const backward: Operation<ActivationAttrs> = {
  name: "activation_grad",
  lower: (node, limits) =>
    lower(node, limits, node.inputs[0], node.outputs[0], node.inputs[1]),
};

/**
 * `f(x)`, elementwise.
 *
 * @param slope of `leaky_relu` below zero; other kinds ignore it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Graph } from "../../graph.ts";
 * import { activation } from "./activation.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const y = activation(graph, "y", x, "gelu");
 * assertEquals([y.name, y.shape], ["y", [8, 16]]);
 * ```
 */
export function activation(
  graph: Graph,
  name: string,
  x: Tensor,
  kind: Activation,
  slope = 0,
): Tensor {
  return graph.add(forward, [x], { kind, slope }, [{
    name,
    shape: x.shape,
    dtype: graph.types.activations,
  }])[0];
}
