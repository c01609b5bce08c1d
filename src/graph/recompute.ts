/**
 * Computes parts of the forward pass again in the backward pass, instead of
 * keeping what they made (arXiv 1604.06174).
 *
 * The nodes of a segment are added once more, on tensors of their own, before
 * the first gradient that belongs to the segment. Gradient rules then read the
 * second tensors, and the plan frees the first ones within the forward pass.
 * Equal nodes on equal inputs give equal bits, dropout included: its random
 * words depend on place, step and micro-batch alone.
 * @module
 */
import type { Graph, Node, Segment, SegmentKind } from "./graph.ts";
import { bytes, type Tensor } from "./tensor.ts";

/** The segments of one kind in a graph, and what was made of them again. */
export class Recomputation {
  readonly #graph: Graph;
  readonly #kind: SegmentKind;
  readonly #members = new Map<Segment, Node[]>();
  /** Outputs of segments that are kept: something outside reads them. */
  readonly #kept = new Set<Tensor>();
  readonly #again = new Map<Tensor, Tensor>();
  readonly #originals = new Map<Tensor, Tensor>();
  readonly #nodes = new Map<Node, Node>();

  /** @param graph with the forward pass alone */
  constructor(graph: Graph, kind: SegmentKind) {
    this.#graph = graph;
    this.#kind = kind;
    for (const node of graph.nodes) {
      const own = this.#segmentOf(node);
      for (const tensor of [...node.inputs, node.accumulateInto]) {
        const maker = tensor?.node && this.#segmentOf(tensor.node);
        if (maker && maker !== own) this.#kept.add(tensor);
      }
      if (!own) continue;
      const members = this.#members.get(own);
      if (members) members.push(node);
      else this.#members.set(own, [node]);
    }
    for (const tensor of [...this.#kept]) {
      // What lies beside a kept tensor and is smaller, as a norm's statistics,
      // is kept too.
      for (const other of tensor.node!.outputs) {
        if (bytes(other) < bytes(tensor)) this.#kept.add(other);
      }
    }
  }

  /**
   * The node whose tensors the gradient of `node` reads: outside of segments
   * the same one, within them one on repeated tensors. The first call for a
   * segment repeats the segment.
   */
  repetition(node: Node): Node {
    const segment = this.#segmentOf(node);
    const members = segment && this.#members.get(segment);
    if (members) {
      this.#members.delete(segment);
      for (const member of members) this.#repeat(member);
    }
    return this.#nodes.get(node) ?? node;
  }

  /** The tensor of the forward pass that `tensor` repeats, if it does. */
  original(tensor: Tensor): Tensor | undefined {
    return this.#originals.get(tensor);
  }

  #segmentOf(node: Node): Segment | undefined {
    return node.segments.find(({ kind }) => kind === this.#kind);
  }

  /**
   * Adds `node` once more, on repeated inputs where there are such, unless all
   * that it makes is kept. What no gradient reads is dropped by the plan.
   */
  #repeat(node: Node): void {
    const again = (tensor: Tensor) => this.#again.get(tensor) ?? tensor;
    const inputs = node.inputs.map(again);
    const accumulateInto = node.accumulateInto && again(node.accumulateInto);
    const kept = (tensor: Tensor) => this.#kept.has(tensor);
    if (!node.effect && !node.outputs.every(kept)) {
      const outputs = node.outputs.map(({ name, shape, dtype }) => ({
        name,
        shape,
        dtype,
      }));
      const { operation, attrs } = node;
      const made = this.#graph.add(operation, inputs, attrs, outputs, {
        accumulateInto,
      });
      node.outputs.forEach((output, i) => {
        this.#originals.set(made[i], output);
        if (!kept(output)) this.#again.set(output, made[i]);
      });
    }
    const outputs = node.outputs.map(again);
    this.#nodes.set(node, { ...node, inputs, outputs, accumulateInto });
  }
}
