/**
 * The symbolic graph: nodes in the order in which they were made, which is
 * also a valid order of execution.
 * @module
 */
import type { Backward } from "./differentiate.ts";
import type { AdapterLimits, Dispatch } from "./dispatch.ts";
import type { DType, FloatType, Role, Tensor } from "./tensor.ts";

/**
 * One kind of operation: how it is differentiated and which kernels it runs.
 */
export interface Operation<A = unknown> {
  readonly name: string;
  /**
   * Gives each input its share of the gradient, through `to.accumulate` or
   * `to.accumulateTensor`.
   * `gradients[i]` belongs to `node.outputs[i]` and is absent where nothing
   * depends on that output. Operations without this rule stop the gradient.
   */
  gradient?(
    node: Node<A>,
    gradients: (Tensor | undefined)[],
    to: Backward,
  ): void;
  /**
   * One node that does the work of `node` and of `next`, the first to read
   * output 0 of `node`; undefined where no kernel can. Its outputs are those of
   * `next`, and that of `node` where `kept`.
   *
   * @param kept whether others read output 0 of `node` too
   */
  fuse?(node: Node<A>, next: Node, kept: boolean): Node | undefined;
  /**
   * One node that does the work of several of this operation, whose results
   * nothing reads; undefined where they are too many.
   */
  batch?(nodes: Node<A>[], limits: AdapterLimits): Node<A> | undefined;
  /**
   * The dispatches that compute the outputs from the inputs, in order. They may
   * also use tensors made by {@linkcode scratchTensor}.
   */
  lower(node: Node<A>, limits: AdapterLimits): Dispatch[];
}

/** A part of a model whose results need not be kept for the backward pass. */
export type SegmentKind = "block" | "attention";

/**
 * Nodes that `differentiate` can add once more before their gradients, so that
 * what they computed first is kept for the forward pass alone.
 */
export interface Segment {
  readonly kind: SegmentKind;
  readonly name: string;
}

/** One use of an operation. */
// deno-lint-ignore no-explicit-any
export interface Node<A = any> {
  readonly operation: Operation<A>;
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  readonly outputs: readonly Tensor[];
  /**
   * What output 0 is added to: a gradient's earlier part, or a parameter's
   * gradient.
   */
  readonly accumulateInto?: Tensor | undefined;
  /** Kept although nothing reads its outputs (it writes persistent tensors). */
  readonly effect: boolean;
  /**
   * What it was made in, from the outside in: see {@linkcode Graph.segment}.
   */
  readonly segments: readonly Segment[];
}

/** Shape and type of an output to be made. */
export interface Output {
  name: string;
  shape: readonly number[];
  dtype?: DType;
}

/**
 * The gradient of `tensor` as an output: of the shape and type of what it
 * belongs to, which for a copy is the weight.
 */
export function gradientOf(tensor: Tensor): Output {
  const { name, shape, dtype } = tensor.master ?? tensor;
  return { name: `d ${name}`, shape, dtype };
}

/**
 * What the tensors of a forward pass are stored as; arithmetic is f32. Weights,
 * statistics of norms and of softmax, losses and partial sums are f32 always.
 */
export interface StorageTypes {
  /** Outputs of layers, and the copies of weights that products read. */
  activations: FloatType;
  /** The residual stream: embeddings, and sums of branches and skips. */
  residual: FloatType;
}

/** Everything in f32. */
export const FP32: StorageTypes = { activations: "f32", residual: "f32" };

/**
 * Name of the copy of a weight in the type of activations.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { copyName } from "./graph.ts";
 *
 * assertEquals(copyName("wte.weight"), "copy.wte.weight");
 * ```
 */
export const copyName = (weight: string): string => `copy.${weight}`;

let nextId = 0;

/**
 * Storage for the dispatches of one node, made by its `lower`: for results in
 * between whose size depends on the adapter. It has a slot while the node runs;
 * what it holds before is undefined.
 */
export const scratchTensor = (
  name: string,
  shape: readonly number[],
  dtype: DType = "f32",
): Tensor => ({ id: nextId++, name, shape, dtype, role: "transient" });

/**
 * Nodes and the tensors that come from outside.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Graph } from "./graph.ts";
 * import { linear } from "./ops/matmul/linear.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const weight = graph.persistent("weight", [16, 4]);
 * const y = linear(graph, "y", x, weight, undefined, "in_out");
 * assertEquals(y.shape, [8, 4]);
 * assertEquals(graph.nodes.map((node) => node.operation.name), ["linear"]);
 * ```
 */
export class Graph {
  readonly nodes: Node[] = [];
  /** Inputs and persistent tensors by name. */
  readonly externals = new Map<string, Tensor>();
  /** What operations store their outputs as. */
  readonly types: StorageTypes;

  constructor(types: StorageTypes = FP32) {
    this.types = types;
  }
  #segments: readonly Segment[] = [];

  /** A tensor that is filled before each run of the plan, e.g. the tokens. */
  input(name: string, shape: readonly number[], dtype: DType = "f32"): Tensor {
    return this.#external(name, shape, dtype, "input");
  }

  /** A tensor that lives as long as the run: weights, gradients, moments. */
  persistent(
    name: string,
    shape: readonly number[],
    dtype: FloatType = "f32",
  ): Tensor {
    return this.#external(name, shape, dtype, "persistent");
  }

  /**
   * What a product reads of `weight`: where activations are f16, the copy that
   * the optimizer keeps; a computed weight is read itself.
   */
  operand(weight: Tensor): Tensor {
    const { activations } = this.types;
    if (weight.dtype === activations || weight.role !== "persistent") {
      return weight;
    }
    const { name, shape, role } = weight;
    return this.#external(copyName(name), shape, activations, role, weight);
  }

  #external(
    name: string,
    shape: readonly number[],
    dtype: DType,
    role: Role,
    master?: Tensor,
  ): Tensor {
    const known = this.externals.get(name);
    if (known) return known;
    const tensor: Tensor = {
      id: nextId++,
      name,
      shape,
      dtype,
      role,
      ...master ? { master } : {},
    };
    this.externals.set(name, tensor);
    return tensor;
  }

  /**
   * Adds a node.
   *
   * @param options.accumulateInto output 0 becomes this plus what the operation
   *   computes, in its type
   * @returns the outputs
   */
  add<A>(
    operation: Operation<A>,
    inputs: readonly Tensor[],
    attrs: A,
    outputs: readonly Output[],
    options: {
      accumulateInto?: Tensor | undefined;
      effect?: boolean | undefined;
    } = {},
  ): Tensor[] {
    const { accumulateInto } = options;
    const made = outputs.map(({ name, shape, dtype = "f32" }, i): Tensor => ({
      id: nextId++,
      name,
      shape,
      dtype: i === 0 && accumulateInto ? accumulateInto.dtype : dtype,
      role: "transient",
    }));
    const node: Node<A> = {
      operation,
      inputs,
      attrs,
      outputs: made,
      accumulateInto,
      effect: options.effect ?? accumulateInto?.role === "persistent",
      segments: this.#segments,
    };
    for (const tensor of made) tensor.node = node;
    this.nodes.push(node);
    return made;
  }

  /**
   * Makes the nodes that `build` adds a segment, whose results the backward
   * pass may compute again.
   *
   * @returns what `build` returns
   */
  segment<T>(kind: SegmentKind, name: string, build: () => T): T {
    const outside = this.#segments;
    this.#segments = [...outside, { kind, name }];
    try {
      return build();
    } finally {
      this.#segments = outside;
    }
  }
}
