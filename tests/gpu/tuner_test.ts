import { assert, assertEquals, assertRejects, fail } from "@std/assert";
import { Executor } from "../../src/gpu/executor.ts";
import { UserError } from "../../src/errors.ts";
import { type Gpu, openGpu } from "../../src/gpu/device.ts";
import { asChoices, type KernelChoices, tuner } from "../../src/gpu/tuner.ts";
import { Graph } from "../../src/graph/graph.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import {
  makePlan,
  type Plan,
  type PlannedDispatch,
} from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

/**
 * A plan of products of [7, 12] and [12, N], and an executor with its tensors.
 */
async function products(widths = [48], given?: Gpu) {
  const device = given ?? await gpu(), graph = new Graph();
  const executor = new Executor(device);
  const x = graph.input("x", [7, 12]);
  executor.allocate("x", 7 * 12 * 4);
  const outputs = widths.map((N) => {
    const w = graph.persistent(`w${N}`, [12, N]);
    executor.allocate(`w${N}`, 12 * N * 4);
    return linear(graph, `y${N}`, x, w, undefined, "in_out");
  });
  const plan = makePlan("products", graph, device.limits, outputs);
  // As on a GPU, where nothing is known before it is timed.
  for (const { choice } of plan.dispatches) choice!.settled = false;
  return { plan, executor, several: await severalTimed(plan, device) };
}

/** Whether there is something to time. */
const severalTimed = (plan: Plan, { timestamps }: Gpu) =>
  timestamps && plan.dispatches[0].choice!.variants.length > 1;

const KEY = "matmul NN 7x48x12";

deviceTest(
  "tuner() times what is unknown and remembers its choice",
  async () => {
    const { plan, executor, several } = await products();
    const known: KernelChoices = {}, timed: KernelChoices = {};
    const progress: [number, number][] = [];
    const onProgress = (done: number, total: number) =>
      progress.push([done, total]);
    const [{ dispatches: [step] }] = await executor.load(
      [plan],
      tuner(known, { timed, onProgress }),
    );
    const { variants } = plan.dispatches[0].choice!;
    if (several) {
      assertEquals(Object.keys(known), [KEY]);
      assertEquals(timed, known);
      assertEquals(progress, [[0, 1], [1, 1]]);
      const chosen = variants.find((v) => v.name === known[KEY]);
      assert(chosen!.dispatches[0] === step.dispatch);
    }
    progress.length = 0;
    await executor.load([plan], tuner(known, { onProgress }));
    assertEquals(progress, []);
    executor.close();
  },
);

deviceTest("tuner() takes what was chosen before", async () => {
  const { plan, executor } = await products();
  for (const options of [{}, { untimed: { [KEY]: "any" } }]) {
    const known = "untimed" in options ? {} : { [KEY]: "any" };
    const [{ dispatches: steps }] = await executor.load(
      [plan],
      tuner(known, options),
    );
    assertEquals(steps[0].dispatch.kernel, "matmul/any");
  }
  executor.close();
});

deviceTest(
  "tuner() times again where the remembered kernel is gone",
  async () => {
    const { plan, executor, several } = await products();
    const gone = { [KEY]: "a kernel of an older version" };
    const { variants } = plan.dispatches[0].choice!;
    for (const [known, untimed] of [[gone, {}], [{}, gone]]) {
      const choices: KernelChoices = { ...known }, rest = { ...untimed };
      await executor.load([plan], tuner(choices, { untimed: rest }));
      const chosen = several ? choices : { ...choices, ...rest };
      assert(variants.some((v) => v.name === chosen[KEY]));
    }
    executor.close();
  },
);

deviceTest(
  "tuner() takes the first variants once the time is up, and keeps them apart",
  async () => {
    const { plan, executor, several } = await products([48, 96]);
    const known: KernelChoices = {}, timed: KernelChoices = {};
    const untimed: KernelChoices = {};
    const [{ dispatches: steps }] = await executor.load(
      [plan],
      tuner(known, { timed, untimed, seconds: 0 }),
    );
    assertEquals(timed, {});
    if (several) {
      assertEquals(known, {});
      const first = ({ choice }: PlannedDispatch) => choice!.variants[0];
      assertEquals(
        untimed,
        Object.fromEntries(
          plan.dispatches.map((d) => [d.choice!.key, first(d).name]),
        ),
      );
      assertEquals(
        steps.map((s) => s.dispatch.kernel),
        plan.dispatches.map((d) => first(d).dispatches[0].kernel),
      );
    }
    executor.close();
  },
);

deviceTest("tuner() takes what is settled without timing it", async () => {
  const { plan, executor } = await products();
  const { variants } = plan.dispatches[0].choice!;
  for (const { choice } of plan.dispatches) choice!.settled = true;
  const known: KernelChoices = {}, timed: KernelChoices = {};
  const [{ dispatches: [step] }] = await executor.load(
    [plan],
    tuner(known, { timed, onProgress: () => fail("nothing is timed") }),
  );
  assertEquals([known, timed], [{ [KEY]: variants[0].name }, {}]);
  assert(step.dispatch === variants[0].dispatches[0]);
  // What an earlier run has recorded still holds.
  const last = variants.at(-1)!;
  const [{ dispatches: [other] }] = await executor.load(
    [plan],
    tuner({ [KEY]: last.name }),
  );
  assert(other.dispatch === last.dispatches[0]);
  executor.close();
});

deviceTest("tuner() times the work with the most FLOPs first", async () => {
  const { plan, executor, several } = await products([48, 96, 24]);
  const timed: KernelChoices = {};
  await executor.load([plan], tuner({}, { timed }));
  const widths = Object.keys(timed).map((key) => key.match(/7x(\d+)x12/)![1]);
  assertEquals(widths, several ? ["96", "48", "24"] : []);
  executor.close();
});

Deno.test("tuner() chooses for rows that allow fewer kernels as well", async () => {
  const variants = ["fast", "any"].map((name) => ({
    name,
    dispatches: [{ kernel: name } as PlannedDispatch],
  }));
  const of = (some: typeof variants) =>
    ({
      ...some[0].dispatches[0],
      flops: 1,
      choice: { key: "k", variants: some },
    }) as PlannedDispatch;
  const executor = { gpu: { timestamps: true } } as Executor;
  const untimed: KernelChoices = {};
  const select = tuner({}, { untimed, seconds: 0 });
  const chosen = await select([of(variants.slice(1)), of(variants)], executor);
  assertEquals(chosen.map(([d]) => d.kernel), ["any", "fast"]);
  assertEquals(untimed, { k: "fast" });
});

deviceTest(
  "a device that is lost while kernels are timed is named",
  async () => {
    const own = await openGpu();
    const { plan, executor, several } = await products([48], own);
    if (several) {
      const onProgress = () => own.device.destroy();
      await assertRejects(
        () => executor.load([plan], tuner({}, { onProgress })),
        UserError,
        "The device was lost",
      );
    }
    own.close();
  },
);

Deno.test("asChoices() takes nothing but names", () => {
  assertEquals(asChoices({ a: "one", b: 2, c: null }), { a: "one" });
  for (const other of [null, undefined, 3, [4], true]) {
    assertEquals(asChoices(other), {});
  }
});
