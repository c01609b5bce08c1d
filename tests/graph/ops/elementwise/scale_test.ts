import { assertThrows } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import { scale } from "../../../../src/graph/ops/elementwise/scale.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import {
  deviceTest,
  GPU_KERNELS,
  NO_SUBGROUPS,
} from "../../../helpers/device.ts";

/** N rows of D features under `scales` scales. */
function scaled(N: number, D: number, scales: number): Check {
  const x = given(1, [N, D]), s = given(2, [scales]), span = D / scales;
  const scaleOf = (i: number) => Math.floor(i % D / span);
  return {
    activations: { x },
    parameters: { s },
    build: (graph, { x, s }) => scale(graph, "y", x, s),
    y: x.values.map((v, i) => v * s.values[scaleOf(i)]),
    gradients(dy) {
      const total = new Float64Array(scales);
      dy.forEach((g, i) => total[scaleOf(i)] += g * x.values[i]);
      return { x: dy.map((g, i) => g * s.values[scaleOf(i)]), s: total };
    },
  };
}

deviceTest("scale() holds for channels and heads, on odd shapes", async () => {
  await checkOperation(scaled(7, 45, 45));
  await checkOperation(scaled(150, 12, 3));
  await checkOperation(scaled(5, 12, 2), { limits: NO_SUBGROUPS });
});

deviceTest("scale() holds cut to small bindings", async () => {
  await checkOperation(scaled(290, 12, 4), {
    limits: { maxBindingBytes: 64 * 12 * 4 },
  });
});

deviceTest("scale() holds for f16 tensors", async () => {
  await checkHalf(() => scaled(7, 45, 45));
  await checkHalf(() => scaled(150, 12, 3), { limits: GPU_KERNELS });
  await checkHalf(() => scaled(290, 12, 4), {
    limits: { maxBindingBytes: 128 * 12 * 4 },
  });
});

Deno.test("scale() refuses scales that do not divide a row", () => {
  const graph = new Graph(), x = graph.input("x", [4, 6]);
  assertThrows(
    () => scale(graph, "y", x, graph.persistent("s", [4])),
    RangeError,
    "4 scales do not divide a row of 6",
  );
});
