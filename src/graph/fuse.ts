/**
 * Which nodes can one kernel compute together? Joins a node with the first one
 * that reads its result, and nodes whose results nothing reads with each other,
 * where their operation says how.
 * @module
 */
import type { AdapterLimits } from "./dispatch.ts";
import type { Node } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The nodes with as many joined as can be.
 *
 * @param nodes in order of execution
 * @param fetch tensors that are read after all nodes
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fuseNodes } from "./fuse.ts";
 * import { Graph } from "./graph.ts";
 * import { activation } from "./ops/elementwise/activation.ts";
 * import { linear } from "./ops/matmul/linear.ts";
 *
 * const graph = new Graph();
 * const x = graph.input("x", [8, 16]);
 * const weight = graph.persistent("weight", [16, 4]);
 * const h = linear(graph, "h", x, weight, undefined, "in_out");
 * const y = activation(graph, "y", h, "relu");
 * const limits = {
 *   software: true,
 *   subgroupSize: 8,
 *   int64: false,
 *   maxBindingBytes: 2 ** 27,
 *   maxBufferBytes: 2 ** 30,
 *   offsetAlignment: 256,
 * };
 * const [fused, ...rest] = fuseNodes(graph.nodes, [y], limits);
 * assertEquals([fused.outputs, rest], [[y], []]);
 * ```
 */
export function fuseNodes(
  nodes: readonly Node[],
  fetch: readonly Tensor[],
  limits: AdapterLimits,
): Node[] {
  const readers = new Map<Tensor, Set<Node>>();
  for (const node of nodes) {
    const read = [
      ...node.inputs,
      ...node.accumulateInto ? [node.accumulateInto] : [],
    ];
    for (const tensor of read) {
      const known = readers.get(tensor);
      if (known) known.add(node);
      else readers.set(tensor, new Set([node]));
    }
  }
  const out: Node[] = [];
  /** What has been joined with a later node, and where that is. */
  const joined = new Map<Node, Node>();
  /** Nodes that wait for others of their operation. */
  const waiting = new Map<Node["operation"], { nodes: Node[]; batch: Node }>();
  for (const node of nodes) {
    const { batch } = node.operation;
    if (batch) {
      const before = waiting.get(node.operation);
      const nodes = [...before?.nodes ?? [], node], both = batch(nodes, limits);
      if (before && !both) out.push(before.batch);
      waiting.set(
        node.operation,
        both ? { nodes, batch: both } : { nodes: [node], batch: node },
      );
      continue;
    }
    const current = joined.get(node) ?? node;
    const [result] = current.outputs;
    const [next, ...others] = readers.get(result) ?? [];
    const kept = others.length > 0 || fetch.includes(result);
    const fused = next && !joined.has(next) &&
      current.operation.fuse?.(current, next, kept);
    if (fused) joined.set(next, fused);
    else out.push(current);
  }
  return [...out, ...[...waiting.values()].map(({ batch }) => batch)];
}
