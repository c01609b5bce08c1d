import { assert, assertEquals } from "@std/assert";
import { differentiate, gradientName } from "../../src/graph/differentiate.ts";
import { Graph, type SegmentKind } from "../../src/graph/graph.ts";
import { activation } from "../../src/graph/ops/elementwise/activation.ts";
import { applyDropout } from "../../src/graph/ops/elementwise/dropout.ts";
import { weightedSum } from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import { norm } from "../../src/graph/ops/norm/norm.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { aligned } from "../../src/plan/plan.ts";
import { seedGradients } from "../helpers/check_operation.ts";
import { deviceTest, type Ran, runGraph } from "../helpers/device.ts";
import { randoms } from "../reference/numbers.ts";

const N = 12, D = 20, LAYERS = 4;

/** Residual blocks, in each of which one half is the `attention`. */
function blocks(recompute?: SegmentKind, layers = LAYERS) {
  const graph = new Graph();
  const values: Record<string, ArrayLike<number>> = { random: [3, 5, 7] };
  const parameters: Tensor[] = [];
  const parameter = (name: string, shape: number[]) => {
    const size = shape.reduce((a, b) => a * b);
    values[name] = randoms(size, parameters.length + 1);
    parameters.push(graph.persistent(name, shape));
    return parameters.at(-1)!;
  };
  const random = graph.input("random", [3], "u32");
  const layer = (name: string, x: Tensor) =>
    linear(graph, name, x, parameter(`${name}.w`, [D, D]), undefined, "in_out");
  let x = layer("embedding", graph.input("x", [N, D]));
  values.x = randoms(N * D, 90);
  for (let i = 0; i < layers; i++) {
    const block = () => {
      const { n, a } = graph.segment("attention", `${i}.a`, () => {
        const scale = parameter(`${i}.norm`, [D]);
        const attrs = { kind: "rmsnorm", eps: 1e-5, heads: 1 } as const;
        const n = norm(graph, `${i}.n`, x, [{ scale }], attrs);
        const a = activation(graph, `${i}.a`, layer(`${i}.fc`, n), "gelu");
        const drop = { rate: 0.3, site: i + 1, random };
        return { n, a: applyDropout(graph, `${i}.drop`, a, drop) };
      });
      const b = activation(graph, `${i}.b`, layer(`${i}.fc2`, n), "silu");
      return weightedSum(graph, `${i}.out`, [
        { x: a, gain: 1 },
        { x: layer(`${i}.last`, b), gain: 0.5 },
        { x, gain: 1 },
      ]);
    };
    x = graph.segment("block", `${i}`, block);
  }
  values.dy = randoms(N * D, 91);
  const root = seedGradients(graph, [[x, graph.input("dy", [N, D])]]);
  differentiate(graph, root, parameters, recompute);
  return { graph, values, names: parameters.map((p) => p.name) };
}

const run = ({ graph, values }: ReturnType<typeof blocks>) =>
  runGraph(graph, values);

const slotBytes = ({ plan }: Ran) => plan.slots.reduce((a, b) => a + b, 0);

/** Labels of the dispatches that `kind` adds, in alphabetical order. */
async function repeated(kind: SegmentKind): Promise<string[]> {
  const labels = ({ plan }: Ran) => plan.dispatches.map((d) => d.label);
  const again = labels(await run(blocks(kind)));
  for (const label of labels(await run(blocks()))) {
    again.splice(again.indexOf(label), 1);
  }
  return again.sort();
}

deviceTest("differentiate() gives the same bits by recomputation", async () => {
  const kept = blocks(), wanted = await run(kept);
  for (const kind of ["block", "attention"] as const) {
    const again = await run(blocks(kind));
    for (const name of kept.names.map(gradientName)) {
      assertEquals(again.after[name], wanted.after[name], `${kind} ${name}`);
    }
    assert(slotBytes(again) < slotBytes(wanted), kind);
  }
});

deviceTest("differentiate() recomputes what gradients need, once", async () => {
  // Not the last product, which only a sum with constant gains reads, nor the
  // block's output, which is kept; nor dropout, whose gradient needs no input.
  const wanted = Array.from({ length: LAYERS }, (_, i) => [
    // With the activation of its result.
    `linear: ${i}.b`,
    `linear: ${i}.fc`,
    `norm: ${i}.n`,
  ]);
  assertEquals(await repeated("block"), wanted.flat().sort());
});

deviceTest("differentiate() keeps what the rest of a block reads", async () => {
  // The norm lies in the attention, and the other branch reads it: it is kept,
  // and its statistics with it.
  const wanted = Array.from({ length: LAYERS }, (_, i) => `linear: ${i}.fc`);
  assertEquals(await repeated("attention"), wanted);
});

deviceTest(
  "each further recomputed segment takes what is kept of it",
  async () => {
    const bytes = async (layers: number) =>
      slotBytes(await run(blocks("block", layers)));
    // Up to 16 gradients of scales wait for the dispatch that ends them.
    const many = 16 + LAYERS;
    const each = (await bytes(many + LAYERS) - await bytes(many)) / LAYERS;
    assertEquals(each, aligned(N * D * 4));
  },
);

Deno.test("Graph.segment() marks the nodes that are made within it", () => {
  const graph = new Graph(), x = graph.input("x", [4]);
  const made = (name: string) => activation(graph, name, x, "relu").node!;
  const [a, b] = graph.segment("block", "0", () => [
    graph.segment("attention", "0.attn", () => made("a")),
    made("b"),
  ]);
  const names = [a, b, made("c")].map((node) =>
    node.segments.map(({ kind, name }) => `${kind} ${name}`)
  );
  assertEquals(names, [["block 0", "attention 0.attn"], ["block 0"], []]);
});
