import { assertEquals } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { add } from "../../../../src/graph/ops/elementwise/add.ts";
import type { FloatType } from "../../../../src/graph/tensor.ts";
import {
  deviceTest,
  gpu,
  runGraph,
  type RunOptions,
} from "../../../helpers/device.ts";
import { assertClose, randoms } from "../../../reference/numbers.ts";

async function sum(n: number, options: RunOptions = {}) {
  const graph = new Graph();
  add(graph, graph.input("x", [n]), graph.persistent("grad.y", [n]));
  const x = randoms(n, 1), y = randoms(n, 2);
  const { after } = await runGraph(graph, { x, "grad.y": y }, [], options);
  assertClose("y", after["grad.y"], y.map((v, i) => v + x[i]));
}

deviceTest(
  "add() adds, and leaves what lies behind the last element",
  async () => {
    for (const n of [1, 7, 45, 1024]) await sum(n);
  },
);

deviceTest("add() holds cut to small bindings", async () => {
  await sum(1501, { limits: { maxBindingBytes: 1024 } });
});

deviceTest("add() adds tensors of either type", async () => {
  if (!(await gpu()).limits.f16) return console.log("skipped: no shader-f16");
  const n = 45;
  for (
    const [from, to] of [["f32", "f16"], ["f16", "f32"], [
      "f16",
      "f16",
    ]] as FloatType[][]
  ) {
    const graph = new Graph();
    add(graph, graph.input("x", [n], from), graph.persistent("y", [n], to));
    const x = Float64Array.from(new Float16Array(randoms(n, 1)));
    const y = Float64Array.from(new Float16Array(randoms(n, 2)));
    const { after } = await runGraph(graph, { x, y });
    const sums = y.map((v, i) => v + x[i]);
    const stored = to === "f16" ? new Float16Array(sums) : sums;
    assertEquals([...after.y], [...new Float32Array(stored)]);
  }
});

deviceTest("add() reaches beyond the workgroups of one dimension", async () => {
  // 65,535 groups of 64 threads, 4 elements each, and some more.
  const n = 65_535 * 64 * 4 + 4 * 64 + 3;
  const graph = new Graph();
  add(graph, graph.input("x", [n]), graph.persistent("y", [n]));
  const x = Float32Array.from({ length: 1024 }, (_, i) => i + 1);
  const values = new Float32Array(n);
  for (let at = 0; at < n; at += 1024) {
    values.set(x.subarray(0, n - at), at);
  }
  const { after: { y } } = await runGraph(graph, { x: values });
  let wrong = 0;
  for (let i = 0; i < n; i++) if (y[i] !== values[i]) wrong++;
  assertEquals(wrong, 0);
});
