import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { timeDispatches, timeVariants } from "../../src/gpu/time_dispatches.ts";
import { Graph } from "../../src/graph/graph.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import { makePlan, type PlannedDispatch } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

/** A product of [M, K] and [K, N], and what it runs on. */
async function product(M: number, K: number, N: number) {
  const device = await gpu(), graph = new Graph();
  const x = graph.input("x", [M, K]), w = graph.persistent("w", [K, N]);
  const y = linear(graph, "y", x, w, undefined, "in_out");
  const plan = makePlan("product", graph, device.limits, [y]);
  const executor = new Executor(device);
  executor.allocate("x", M * K * 4);
  executor.allocate("w", K * N * 4);
  await executor.load([plan]);
  const [{ choice }] = plan.dispatches;
  return {
    executor,
    dispatches: choice!.variants.flatMap((v) => v.dispatches),
    timestamps: device.timestamps,
  };
}

deviceTest("timeDispatches() gives nanoseconds of each dispatch", async () => {
  const { executor, dispatches, timestamps } = await product(7, 12, 48);
  if (timestamps) {
    const list = dispatches.slice(-2);
    const times = await timeDispatches(list, executor);
    assertEquals(times.length, list.length);
    assert(times.every((t) => t > 0 && t < 1e9), `${times}`);
  }
  executor.close();
});

deviceTest(
  "timeVariants() times what is much slower once, and stops when the time is up",
  async () => {
    const { executor, dispatches: [fast], timestamps } = await product(
      256,
      256,
      1024,
    );
    if (timestamps) {
      const [x, y] = fast.workgroups;
      // The same work eight times over.
      const slow: PlannedDispatch = { ...fast, workgroups: [x, y, 8] };
      const bound: number[] = [];
      const bind = executor.bind.bind(executor);
      executor.bind = (list) => {
        bound.push(list.length);
        return bind(list);
      };
      const times = await timeVariants([[fast], [slow]], executor, () => false);
      assert(times![0] > 0 && times![1] > 3 * times![0], `${times}`);
      // One workgroup of each and a part of the first; both; the first again.
      assertEquals(bound.slice(0, 2), [3, 2]);
      assert(bound.length === 2, `${bound}`);

      bound.length = 0;
      // Of several dispatches, all count.
      const double = await timeVariants(
        [[fast], [fast, fast, fast, fast]],
        executor,
        () => false,
      );
      assert(double![1] > 2 * double![0], `${double}`);

      bound.length = 0;
      const stopped = await timeVariants(
        [[fast], [slow]],
        executor,
        () => true,
      );
      assertEquals([stopped, bound], [undefined, [3]]);
    }
    executor.close();
  },
);
