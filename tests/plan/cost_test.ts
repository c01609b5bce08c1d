import { assert, assertEquals } from "@std/assert";
import { kernelTimes } from "../../src/bench/kernels/kernel_times.ts";
import { openWorkload, timeSteps } from "../../src/bench/step/step.ts";
import { buildWorkload, WORKLOADS } from "../../src/bench/step/workloads.ts";
import type { KernelChoices } from "../../src/gpu/tuner.ts";
import { estimateStep, type StepCost } from "../../src/plan/cost.ts";
import {
  deviceNamed,
  DEVICES,
  type KnownDevice,
  limitsOfDevice,
} from "../../src/plan/devices.ts";
import type { Plan, PlannedDispatch } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";

const H100 = deviceNamed("h100")!, LAVAPIPE = deviceNamed("lavapipe")!;

/** A plan of one dispatch. */
const planOf = (dispatch: Partial<PlannedDispatch>): Plan => ({
  name: "test",
  slots: [],
  dispatches: [{
    label: "",
    kernel: "any",
    constants: {},
    params: {},
    bindings: {},
    workgroups: [1, 1, 1],
    flops: 0,
    bytes: 0,
    writes: [],
    ...dispatch,
  }],
  fetches: new Map(),
  flops: 0,
  bytes: 0,
});

const seconds = (dispatch: Partial<PlannedDispatch>, device = H100) =>
  estimateStep([{ plan: planOf(dispatch), times: 1 }], device).seconds;

/** A product of one row of `edge` x `edge` tiles, each for one workgroup. */
const product = (tiles: number, edge = 128): Partial<PlannedDispatch> => ({
  kernel: "matmul/tiled",
  constants: { BM: edge, BN: edge, TM: 8, TN: 8 },
  params: { M: edge, N: edge * tiles, K: 4096 },
  workgroups: [tiles, 1, 1],
  flops: 2 * edge * edge * 4096 * tiles,
});

const costOf = (
  workload: typeof WORKLOADS[number],
  device: KnownDevice,
  cores = 1,
): StepCost => {
  const { plans } = buildWorkload(workload, limitsOfDevice(device));
  const { micro, update, options } = plans;
  return estimateStep(
    [
      { plan: micro, times: options.accumulation },
      { plan: update, times: 1 },
    ],
    device,
    cores,
  );
};

Deno.test("estimateStep() counts whole waves of tiles", () => {
  const of = (tiles: number) => seconds(product(tiles));
  // One tile too many takes a whole wave.
  assert(of(132) < 1.01 * of(66), "a wave is filled");
  assert(of(133) > 1.8 * of(132), "another wave begins");
  assert(of(264) < 1.01 * of(133), "another wave is filled");
  // A small tile alone waits for memory: it is a sixteenth of the work.
  assert(seconds(product(132, 32)) > 0.4 * of(132), "a small tile");
  assert(seconds(product(4 * 132, 32)) < 1.1 * seconds(product(132, 32)));
});

Deno.test("estimateStep() lets few invocations use little bandwidth", () => {
  const of = (groups: number, bytes = 1e8) =>
    seconds({ constants: { WG: 32 }, workgroups: [groups, 1, 1], bytes });
  assert(of(10) > 9 * of(100));
  assertEquals(of(50_000), of(5000));
  assert(of(5000) > 1e8 / H100.bandwidth);
  // However little there is to do, a dispatch has a start.
  assert(of(1, 0) > 1e-6);
});

Deno.test("estimateStep() takes the fastest variant, and names its kernel", () => {
  const key = "matmul NN 1x2x3";
  const variants = [product(133), product(132)].map((dispatch, i) => ({
    name: `${i}`,
    // A split product is followed by the sum of its parts.
    dispatches: [`matmul/v${i}`, "matmul/reduce"].map((kernel, at) => ({
      ...planOf(at === 0 ? dispatch : { bytes: 1e6 }).dispatches[0],
      kernel,
      work: key,
    })),
  }));
  const plan = planOf({
    ...variants[0].dispatches[0],
    choice: { key, variants },
  });
  const { kernels, ...sums } = estimateStep([{ plan, times: 3 }], H100);
  assertEquals(
    kernels.map(({ kernel, work, count }) => [kernel, work, count]),
    [["matmul/v1", "NN 1x2x3", 3], ["matmul/reduce", "NN 1x2x3", 3]],
  );
  assertEquals(sums.seconds, kernels[0].seconds + kernels[1].seconds);
});

Deno.test("estimateStep() is above both limits on every GPU, and below by more cores", () => {
  for (const device of DEVICES.filter((d) => !d.perCore)) {
    for (const workload of WORKLOADS) {
      const { seconds, arithmetic, traffic, kernels } = costOf(
        workload,
        device,
      );
      assert(seconds > arithmetic && seconds > traffic, device.name);
      const sum = kernels.reduce((n, k) => n + k.seconds, 0);
      assert(Math.abs(sum - seconds) < 1e-9);
      assert(
        kernels.every((k, i) => i === 0 || k.seconds <= kernels[i - 1].seconds),
      );
    }
  }
  const of = (cores: number) => costOf(WORKLOADS[2], LAVAPIPE, cores).seconds;
  assert(of(8) < 0.2 * of(1));
});

deviceTest(
  "estimateStep() ranks kernels and workloads as they are on lavapipe",
  async () => {
    const device = await gpu();
    if (!device.limits.software) return;
    const measured: number[] = [], estimated: number[] = [];
    for (const workload of WORKLOADS) {
      const running = await openWorkload(device, workload, firstOf(workload));
      try {
        const row = await timeSteps(running, {
          rounds: [1, 1],
          roundSeconds: 0,
          seconds: 0,
        });
        // CPU time, as other programs may run.
        measured.push(row.msCpu!);
        const cost = costOf(workload, LAVAPIPE);
        estimated.push(cost.seconds);
        if (workload !== WORKLOADS[0]) continue;
        const ours = byKind(cost.kernels.map((k) => [k.kernel, k.seconds]));
        const theirs = byKind(
          (await kernelTimes(running)).map((k) => [k.kernel, k.ms]),
        );
        assertEquals([...ours.keys()].sort(), [...theirs.keys()].sort());
        for (const [a, x] of ours) {
          for (const [b, y] of ours) {
            // Single timings vary by a factor of two.
            if (x < 5 * y) continue;
            assert(
              theirs.get(a)! > theirs.get(b)!,
              `${a} takes longer than ${b}: ${JSON.stringify([...theirs])}`,
            );
          }
        }
      } finally {
        running.engine.close();
      }
    }
    const order = (times: number[]) =>
      times.map((_, i) => i).sort((a, b) => times[a] - times[b]);
    assertEquals(order(estimated), order(measured));
  },
);

/** The first variant of every choice, so that nothing is timed to choose. */
function firstOf(workload: typeof WORKLOADS[number]): KernelChoices {
  const { micro, update, evaluate } =
    buildWorkload(workload, limitsOfDevice(LAVAPIPE)).plans;
  return Object.fromEntries(
    [micro, update, evaluate].flatMap((plan) => plan.dispatches).flatMap((
      { choice },
    ) => choice ? [[choice.key, choice.variants[0].name]] : []),
  );
}

/** Times by the folders of the kernels. */
function byKind(times: [kernel: string, time: number][]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [kernel, time] of times) {
    const [kind] = kernel.split("/");
    sums.set(kind, (sums.get(kind) ?? 0) + time);
  }
  return sums;
}
