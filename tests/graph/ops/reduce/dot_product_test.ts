import { assertEquals } from "@std/assert";
import { Graph } from "../../../../src/graph/graph.ts";
import {
  dotProduct,
  partialCount,
} from "../../../../src/graph/ops/reduce/dot_product.ts";
import {
  deviceTest,
  gpu,
  NO_SUBGROUPS,
  runGraph,
  type RunOptions,
} from "../../../helpers/device.ts";
import { assertClose, inner, randoms } from "../../../reference/numbers.ts";

/** `onto + a · b` on the device, and in float64. */
async function product(n: number, options: RunOptions = {}) {
  const graph = new Graph();
  const [a, b] = ["a", "b"].map((name) => graph.persistent(name, [n]));
  dotProduct(graph, a, b, graph.persistent("y", [1]));
  const values = { a: randoms(n, 1), b: randoms(n, 2), y: [3.5] };
  const { after } = await runGraph(graph, values, [], options);
  const want = 3.5 + inner(values.a, values.b);
  // Rounding grows with the root of the sum of squares, not with the sum.
  const size = 1e-6 * Math.sqrt(n) + 1e-6;
  assertClose(`dot of ${n}`, after.y, [want], { relative: 0, absolute: size });
}

// One partial sum, and several with a last one that is not full.
const SIZES = [1, 7, 45, 4096, 10_007];

deviceTest(
  "dotProduct() adds the inner product onto what is there",
  async () => {
    for (const n of SIZES) await product(n);
  },
);

deviceTest("dotProduct() holds without subgroups", async () => {
  for (const n of SIZES) await product(n, { limits: NO_SUBGROUPS });
});

deviceTest("dotProduct() holds cut to small bindings", async () => {
  await product(10_007, { limits: { maxBindingBytes: 4096 } });
});

deviceTest(
  "partialCount() is the number of partial sums that are left",
  async () => {
    const { limits } = await gpu();
    assertEquals(partialCount({ count: 1 }, limits), 1);
    assertEquals(partialCount({ count: 4 * 1024 + 1 }, limits), 2);
    const small = { ...limits, maxBindingBytes: 4096 };
    assertEquals(partialCount({ count: 10_007 }, small), 10);
    // As many where a tensor is cut: there is room for so many.
    const cut = { ...limits, maxBindingBytes: 2 ** 27 };
    assertEquals(partialCount({ count: 2 ** 28 }, cut), 1024);
  },
);
