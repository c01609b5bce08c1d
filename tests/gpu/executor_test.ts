import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { Graph } from "../../src/graph/graph.ts";
import { activation } from "../../src/graph/ops/elementwise/activation.ts";
import { add } from "../../src/graph/ops/elementwise/add.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

/** `y += relu(relu(… x))` of `n` elements, `depth` times. */
async function counting(n: number, depth = 1) {
  const { limits } = await gpu();
  const graph = new Graph();
  let x = graph.input("x", [n]);
  for (let i = 0; i < depth; i++) x = activation(graph, `a${i}`, x, "relu");
  add(graph, x, graph.persistent("y", [n]));
  return makePlan(`${n} × ${depth}`, graph, limits);
}

async function using(test: (executor: Executor) => Promise<void>) {
  const executor = new Executor(await gpu());
  try {
    await test(executor);
  } finally {
    executor.close();
  }
}

const floats = async (
  executor: Executor,
  name: string,
  size: number,
) => [...new Float32Array(await executor.read(name, size))];

deviceTest(
  "Executor writes and reads any part of a tensor",
  () =>
    using(async (executor) => {
      const { buffer } = executor.allocate("x", 512);
      assertEquals(await floats(executor, "x", 40), Array(10).fill(0));
      executor.write("x", Float32Array.of(1, 2, 3), 8);
      assertEquals(await floats(executor, "x", 24), [0, 0, 1, 2, 3, 0]);
      // A tensor may be part of another's buffer.
      executor.define("end", { buffer, offset: 256, size: 16 });
      executor.write("end", Float32Array.of(4, 5), 4);
      assertEquals(await floats(executor, "end", 16), [0, 4, 5, 0]);
      assertEquals((await floats(executor, "x", 272)).slice(64), [0, 4, 5, 0]);
      const bytes = new Uint8Array(await executor.read("x", 3, 8));
      assertEquals([...bytes], [0, 0, 128]);
    }),
);

deviceTest(
  "Executor replays a plan again and again",
  () =>
    using(async (executor) => {
      executor.allocate("x", 20);
      executor.allocate("y", 20);
      const [loaded] = await executor.load([await counting(5, 2)]);
      executor.write("x", Float32Array.of(1, -1, 2, 0, 3));
      for (let i = 0; i < 3; i++) executor.run(loaded);
      assertEquals(await floats(executor, "y", 20), [3, 0, 6, 0, 9]);
    }),
);

deviceTest("Executor counts every byte that it allocates", async () => {
  const executor = new Executor(await gpu());
  executor.allocate("x", 20);
  executor.allocate("y", 20);
  assertEquals(executor.allocated, 512);
  const plans = [await counting(5, 3), await counting(5, 1)];
  await executor.load(plans);
  // Two slots serve both plans; each of 6 dispatches has a block of parameters.
  assertEquals(plans.map((p) => p.slots.length), [2, 1]);
  assertEquals(executor.allocated, 512 + 2 * 256 + 6 * 256);
  executor.close();
  assertEquals(executor.allocated, 0);
});

deviceTest(
  "Executor refuses a later plan with larger slots",
  () =>
    using(async (executor) => {
      executor.allocate("x", 4000);
      executor.allocate("y", 4000);
      await executor.load([await counting(5)]);
      const large = await counting(1000);
      await assertRejects(
        () => executor.load([large]),
        RangeError,
        "must be loaded together",
      );
    }),
);

deviceTest(
  "Executor names a tensor that it does not have",
  () =>
    using(async (executor) => {
      assertThrows(() => executor.rangeOf("w"), RangeError, "No tensor 'w'");
      executor.allocate("x", 20);
      const plan = await counting(5);
      await assertRejects(
        () => executor.load([plan]),
        RangeError,
        "No tensor 'y' on the device",
      );
    }),
);
