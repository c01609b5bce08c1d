import { assert, assertEquals } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import {
  type KernelChoices,
  timeDispatches,
  tuner,
} from "../../src/gpu/tuner.ts";
import { Graph } from "../../src/graph/graph.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

/**
 * A plan of one product of [7, 12] and [12, 48], and an executor with its
 * tensors.
 */
async function product() {
  const device = await gpu(), graph = new Graph();
  const x = graph.input("x", [7, 12]), w = graph.persistent("w", [12, 48]);
  const y = linear(graph, "y", x, w, undefined, "in_out");
  const plan = makePlan("product", graph, device.limits, [y]);
  const executor = new Executor(device);
  executor.allocate("x", 7 * 12 * 4);
  executor.allocate("w", 12 * 48 * 4);
  return { plan, executor };
}

const KEY = "matmul NN 7x48x12";

deviceTest(
  "tuner() times what is unknown and remembers its choice",
  async () => {
    const { plan, executor } = await product();
    const known: KernelChoices = {}, timed: string[] = [];
    const [{ dispatches: [step] }] = await executor.load(
      [plan],
      tuner(known, (key) => timed.push(key)),
    );
    const { variants } = plan.dispatches[0].choice!;
    assertEquals(Object.keys(known), [KEY]);
    const chosen = variants.find((v) => v.name === known[KEY]);
    assert(chosen!.dispatch === step.dispatch);
    const several = variants.length > 1 && (await gpu()).timestamps;
    assertEquals(timed, several ? [KEY] : []);

    const again: string[] = [];
    await executor.load([plan], tuner(known, (key) => again.push(key)));
    assertEquals(again, []);
    executor.close();
  },
);

deviceTest("tuner() takes what was chosen before", async () => {
  const { plan, executor } = await product();
  const known = { [KEY]: "any" };
  const [{ dispatches: steps }] = await executor.load([plan], tuner(known));
  assertEquals(steps[0].dispatch.kernel, "matmul/any");
  executor.close();
});

deviceTest(
  "tuner() times again where the remembered kernel is gone",
  async () => {
    const { plan, executor } = await product();
    const known = { [KEY]: "a kernel of an older version" };
    await executor.load([plan], tuner(known));
    const { variants } = plan.dispatches[0].choice!;
    assert(variants.some((v) => v.name === known[KEY]));
    executor.close();
  },
);

deviceTest("time() gives nanoseconds of each dispatch", async () => {
  const { plan, executor } = await product();
  if ((await gpu()).timestamps) {
    await executor.load([plan]);
    const { variants } = plan.dispatches[0].choice!;
    const list = variants.map((v) => v.dispatch).slice(-2);
    const times = await timeDispatches(list, executor);
    assertEquals(times.length, list.length);
    assert(times.every((t) => t > 0 && t < 1e9), `${times}`);
  }
  executor.close();
});
