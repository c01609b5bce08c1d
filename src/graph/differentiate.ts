/**
 * Reverse-mode differentiation: walks the nodes backwards and appends the
 * gradient's nodes to the same graph.
 *
 * Sums of gradients cost nothing extra: a rule gets what has been accumulated
 * for an input so far and adds to it in place. The gradient of a parameter is
 * accumulated the same way in a persistent tensor, which also sums shared
 * weights and micro-batches. A gradient has the type of its tensor, or, where a
 * sum hands it on as it is, that of the sum's gradient; that of a copy of a
 * weight is the weight's own.
 * @module
 */
import type { Graph, Node, SegmentKind } from "./graph.ts";
import { add } from "./ops/elementwise/add.ts";
import { Recomputation } from "./recompute.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Name of the persistent tensor that collects a parameter's gradient.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gradientName } from "./differentiate.ts";
 *
 * assertEquals(gradientName("wte.weight"), "grad.wte.weight");
 * ```
 */
export const gradientName = (parameter: string): string => `grad.${parameter}`;

/** Where gradient rules leave their results. */
export interface Backward {
  readonly graph: Graph;
  /** Whether the gradient of `tensor` is needed. */
  needsGradient(tensor: Tensor): boolean;
  /**
   * Adds to the gradient of `tensor` what `make` computes. `make` gets the
   * tensor to add to, if there is one, and returns the sum.
   */
  accumulate(tensor: Tensor, make: (accumulateInto?: Tensor) => Tensor): void;
  /**
   * Adds `gradient` itself to the gradient of `tensor`: what is first stays as
   * it is, of either type.
   */
  accumulateTensor(tensor: Tensor, gradient: Tensor): void;
  /**
   * Removes a forward node from the graph: the gradient's node does its work
   * too.
   */
  fuseInto(node: Node): void;
}

/** What {@linkcode differentiate} did. */
export interface Gradients {
  /** Parameters that got a gradient, in the order in which they got it. */
  reached: Set<Tensor>;
  /**
   * Gradients of intermediate tensors. A sum may lie in the storage of its
   * addend.
   */
  kept: Map<Tensor, Tensor>;
}

/**
 * Appends the gradient of `loss` with respect to `parameters`.
 *
 * The derivative of `loss` with respect to itself is 1; the operation that
 * makes the loss applies any scale.
 *
 * @param parameters persistent tensors; each one's gradient is added to the
 *   persistent tensor {@linkcode gradientName} in the same shape
 * @param recompute segments of this kind are computed again for their
 *   gradients, instead of being kept; by default none
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { differentiate, gradientName } from "./differentiate.ts";
 * import { Graph } from "./graph.ts";
 * import { linearCrossEntropy } from "./ops/loss/linear_cross_entropy.ts";
 * import { linear } from "./ops/matmul/linear.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const w = graph.persistent("w", [16, 4]);
 * const head = graph.persistent("head", [32, 4]);
 * const loss = linearCrossEntropy(graph, {
 *   h: linear(graph, "h", x, w, undefined, "in_out"),
 *   weight: head,
 *   targets: graph.input("targets", [8], "u32"),
 *   scale: graph.input("scale", [1]),
 *   loss: graph.persistent("loss", [1]),
 * });
 * const { reached } = differentiate(graph, loss, [w, head]);
 * assertEquals(reached, new Set([w, head]));
 * assertEquals(graph.externals.get(gradientName("w"))?.shape, [16, 4]);
 * ```
 */
export function differentiate(
  graph: Graph,
  loss: Tensor,
  parameters: readonly Tensor[],
  recompute?: SegmentKind,
): Gradients {
  const recomputation = recompute && new Recomputation(graph, recompute);
  /** The tensor that the gradient of `tensor` belongs to. */
  const original = (tensor: Tensor) =>
    recomputation?.original(tensor) ?? tensor.master ?? tensor;
  const trainable = new Set(parameters);
  const nodes = [...graph.nodes];
  const wanted = new Set<Tensor>(trainable);
  for (const node of nodes) {
    if (node.inputs.some((t) => wanted.has(t.master ?? t))) {
      for (const output of node.outputs) wanted.add(output);
    }
  }
  const pending = new Map<Tensor, Tensor>();
  const reached = new Set<Tensor>();
  const seeded = new Set<Tensor>([loss]);
  const to: Backward = {
    graph,
    needsGradient: (tensor) => wanted.has(original(tensor)),
    accumulate(used, make) {
      const tensor = original(used);
      if (!wanted.has(tensor)) return;
      if (trainable.has(tensor)) {
        reached.add(tensor);
        make(graph.persistent(gradientName(tensor.name), tensor.shape));
      } else pending.set(tensor, make(pending.get(tensor)));
    },
    accumulateTensor(used, gradient) {
      const tensor = original(used);
      if (!wanted.has(tensor)) return;
      const earlier = pending.get(tensor);
      if (trainable.has(tensor) || earlier) {
        this.accumulate(
          tensor,
          (accumulateInto) => add(graph, gradient, accumulateInto!),
        );
      } else pending.set(tensor, gradient);
    },
    fuseInto: (node) => graph.nodes.splice(graph.nodes.indexOf(node), 1),
  };
  for (const node of nodes.reverse()) {
    const gradients = node.outputs.map((t) => pending.get(t));
    const isRoot = node.outputs.some((t) => seeded.has(t));
    if (!isRoot && gradients.every((g) => g === undefined)) continue;
    if (!node.operation.gradient) continue;
    const read = recomputation ? recomputation.repetition(node) : node;
    read.operation.gradient?.(read, gradients, to);
  }
  return {
    reached,
    kept: pending,
  };
}
