/**
 * Holds an operation, its gradient included, against a float64 reference.
 * @module
 */
import { differentiate, gradientName } from "../../src/graph/differentiate.ts";
import {
  FP32,
  Graph,
  type Operation,
  type StorageTypes,
} from "../../src/graph/graph.ts";
import { weightedSum } from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { count, type FloatType, type Tensor } from "../../src/graph/tensor.ts";
import { assertClose, randoms } from "../reference/numbers.ts";
import { gpu, runGraph, type RunOptions } from "./device.ts";

/**
 * Feeds any gradient: inputs are outputs of operations, each with its gradient
 * behind it.
 */
const seed: Operation<null> = {
  name: "seed",
  gradient(node, _, to) {
    for (let i = 0; i < node.inputs.length; i += 2) {
      to.accumulateTensor(node.inputs[i], node.inputs[i + 1]);
    }
  },
  lower: () => [],
};

/**
 * A root for `differentiate` that gives each output the gradient next to it.
 */
export function seedGradients(
  graph: Graph,
  pairs: readonly [output: Tensor, gradient: Tensor][],
): Tensor {
  const outputs = [{ name: "root", shape: [1] }];
  return graph.add(seed, pairs.flat(), null, outputs, { effect: true })[0];
}

/** Values of a tensor with their shape. */
export interface Given {
  shape: readonly number[];
  values: Float64Array;
}

/** Whether numbers that are given can be stored as f16 without rounding. */
let halves = false;

/** Values of `x` that f16 has, if {@linkcode checkHalf} asks for them. */
const rounded = (x: Float64Array) =>
  halves ? Float64Array.from(new Float16Array(x)) : x;

/** Random values; `seed` tells tensors apart. */
export const given = (
  seed: number,
  shape: readonly number[],
  scale = 1,
): Given => ({
  shape,
  values: rounded(randoms(count({ shape }), seed, scale)),
});

/** Rounding to nearest f16 changes a number by at most this share of it. */
export const HALF_ROUNDOFF = 2 ** -11;

/**
 * {@linkcode checkOperation} of what `make` returns, on f16 activations, once
 * with a residual stream in f32 and once in f16.
 *
 * What is given has no rounding error in f16, and arithmetic is f32: a result
 * is off by the roundings of stores alone, each at most
 * {@linkcode HALF_ROUNDOFF} of the stored number. The gradient of an
 * activation with two uses is stored twice.
 *
 * @param stores roundings on the longest way to a result
 * @param residuals types of the residual stream, and of what is given as `dy`
 */
export async function checkHalf(
  make: () => Check,
  options: RunOptions = {},
  stores = 3,
  residuals: readonly FloatType[] = ["f32", "f16"],
): Promise<void> {
  if (!(await gpu()).limits.f16) return console.log("skipped: no shader-f16");
  for (const residual of residuals) {
    halves = true;
    try {
      const tolerance = { relative: stores * HALF_ROUNDOFF };
      const types = { activations: "f16", residual } as const;
      await checkOperation({ ...make(), tolerance }, options, types);
    } finally {
      halves = false;
    }
  }
}

/** An operation with everything it takes, and what it must give. */
export interface Check {
  /** Results of other operations: they may be intermediate tensors. */
  activations: Record<string, Given>;
  /** Weights: always parameters. */
  parameters?: Record<string, Given>;
  /** Indices. */
  inputs?: Record<string, Uint32Array>;
  build(graph: Graph, tensors: Record<string, Tensor>): Tensor;
  y: ArrayLike<number>;
  /**
   * Gradients for a given `dy`, by the names of activations and parameters;
   * more may be given.
   */
  gradients(dy: Float64Array): Record<string, Float64Array>;
  tolerance?: { relative?: number; absolute?: number };
}

/**
 * Runs the operation three times in one graph: on parameters, whose gradient is
 * added onto what is there, and twice on one intermediate tensor, whose
 * gradient is fresh from one use and added onto by the other. Parameters are
 * shared by all three.
 */
export async function checkOperation(
  check: Check,
  options: RunOptions = {},
  types: StorageTypes = FP32,
): Promise<void> {
  const { activations, parameters = {}, inputs = {} } = check;
  const graph = new Graph(types),
    values: Record<string, ArrayLike<number>> = {};
  const shared: Record<string, Tensor> = {};
  for (const [name, data] of Object.entries(inputs)) {
    shared[name] = graph.input(name, [data.length], "u32");
    values[name] = data;
  }
  const trainable: Tensor[] = [];
  const parameter = (
    name: string,
    shape: readonly number[],
    data: Float64Array,
  ) => {
    const tensor = graph.persistent(name, shape);
    trainable.push(tensor);
    values[name] = data;
    return tensor;
  };
  for (const [name, { shape, values }] of Object.entries(parameters)) {
    shared[name] = parameter(name, shape, values);
  }
  const direct = { ...shared }, relayed = { ...shared };
  for (const [name, { shape, values }] of Object.entries(activations)) {
    direct[name] = parameter(name, shape, values);
    // -1 · -x is x to the bit, and its gradient -dx.
    const source = parameter(`-${name}`, shape, values.map((v) => -v));
    relayed[name] = weightedSum(graph, name, [{ x: source, gain: -1 }]);
  }
  const outputs = [direct, relayed, relayed].map((t) => check.build(graph, t));
  // A sum of the residual stream hands its gradient on in its own type.
  const dy = graph.input("dy", outputs[0].shape, types.residual);
  const dyValues = values.dy = rounded(randoms(count(dy), 99));
  const root = seedGradients(graph, outputs.map((y) => [y, dy]));
  differentiate(graph, root, trainable);
  const before: Record<string, Float64Array> = {};
  trainable.forEach(({ name, shape }, i) => {
    // Gradients of earlier micro-batches.
    before[name] = randoms(count({ shape }), 1000 + i);
    if (graph.externals.has(gradientName(name))) {
      values[gradientName(name)] = before[name];
    }
  });
  for (const { name, master } of graph.externals.values()) {
    if (master) values[name] = values[master.name];
  }
  const { fetched, after } = await runGraph(graph, values, outputs, options);
  fetched.forEach((y, i) =>
    assertClose(`y of use ${i}`, y, check.y, check.tolerance)
  );
  assertClose("dy", after.dy, dyValues, { relative: 0, absolute: 0 });
  const wanted = check.gradients(dyValues);
  for (
    const name of [...Object.keys(parameters), ...Object.keys(activations)]
  ) {
    const d = wanted[name];
    const hold = (name: string, factor: number) =>
      assertClose(
        gradientName(name),
        after[gradientName(name)],
        d.map((x, i) => before[name][i] + factor * x),
        check.tolerance,
      );
    if (name in parameters) hold(name, 3);
    else {
      hold(name, 1);
      hold(`-${name}`, -2);
    }
  }
}
