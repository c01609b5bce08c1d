import { assert, assertThrows } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { weightedSum } from "../../../../src/graph/ops/elementwise/weighted_sum.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import { deviceTest, NO_SUBGROUPS } from "../../../helpers/device.ts";
import { inner } from "../../../reference/numbers.ts";

/** Branches with a number for a constant gain, "trained" for a parameter. */
function sum(shape: number[], gains: (number | "trained")[]): Check {
  const branches = gains.map((gain, i) => ({
    gain,
    x: given(1 + i, shape),
    name: `x${i}`,
    weight: `gain${i}`,
    value: given(50 + i, [1]),
  }));
  const trained = branches.filter((b) => b.gain === "trained");
  const factor = (b: typeof branches[number]) =>
    typeof b.gain === "number" ? b.gain : b.value.values[0];
  return {
    activations: Object.fromEntries(branches.map((b) => [b.name, b.x])),
    parameters: Object.fromEntries(trained.map((b) => [b.weight, b.value])),
    build: (graph, tensors) =>
      weightedSum(
        graph,
        "y",
        branches.map((b) => ({
          x: tensors[b.name],
          gain: b.gain === "trained" ? tensors[b.weight] : b.gain,
        })),
      ),
    y: branches[0].x.values.map((_, i) =>
      branches.reduce((sum, b) => sum + factor(b) * b.x.values[i], 0)
    ),
    gradients: (dy) =>
      Object.fromEntries(branches.flatMap((b) => [
        [b.name, dy.map((g) => factor(b) * g)],
        [b.weight, Float64Array.of(inner(dy, b.x.values))],
      ])),
  };
}

deviceTest(
  "weightedSum() holds for one to three branches with constant gains",
  async () => {
    await checkOperation(sum([1, 5], [0.3]));
    await checkOperation(sum([7, 45], [0.3, 1]));
    await checkOperation(sum([33, 5], [1, -2, 0.25]));
    await checkOperation(sum([20, 12], [1, 1, 1]));
  },
);

deviceTest("weightedSum() holds for every set of trained gains", async () => {
  for (let bits = 1; bits < 8; bits++) {
    const gains = [1, 0.5, -2].map((gain, i) =>
      bits >> i & 1 ? "trained" as const : gain
    );
    await checkOperation(sum([7, 45], gains));
  }
  await checkOperation(sum([1, 5], ["trained"]));
});

deviceTest(
  "weightedSum() adds a gain's gradient up over several workgroups",
  async () => {
    const options = { tolerance: { absolute: 2e-5 } };
    await checkOperation({ ...sum([330, 45], ["trained", 1]), ...options });
  },
);

deviceTest("weightedSum() holds without subgroups", async () => {
  await checkOperation(sum([33, 45], ["trained", 1]), { limits: NO_SUBGROUPS });
});

deviceTest("weightedSum() holds cut to small bindings", async () => {
  const limits = { maxBindingBytes: 4096 };
  await checkOperation(sum([70, 45], ["trained", 1, 0.5]), { limits });
});

Deno.test("weightedSum() returns a lone branch as it is", () => {
  const graph = new Graph(), x = graph.input("x", [3]);
  assert(weightedSum(graph, "y", [{ x, gain: 1 }]) === x);
});

Deno.test("weightedSum() refuses unequal shapes and a fourth branch", () => {
  const graph = new Graph();
  const x = { x: graph.input("x", [3]), gain: 1 };
  const y = { x: graph.input("y", [4]), gain: 1 };
  assertThrows(
    () => weightedSum(graph, "sum", [x, y]),
    RangeError,
    "Cannot combine 'sum': shapes [3] and [4] differ",
  );
  assertThrows(
    () => weightedSum(graph, "sum", [x, x, x, x]),
    RangeError,
    "at most 3",
  );
});

deviceTest("weightedSum() holds for f16 tensors", async () => {
  await checkHalf(() => sum([33, 45], ["trained", 1, 0.3]));
  await checkHalf(() => sum([7, 5], [1, -2, 0.25]));
  const limits = { maxBindingBytes: 4096 };
  await checkHalf(() => sum([70, 45], ["trained", 1, 0.5]), { limits });
});
