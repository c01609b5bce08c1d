/**
 * The side of {@linkcode compareSteps} that runs steps: a program for Deno,
 * started with the `deno.json` of the checkout whose steps it runs. Everything
 * that it measures is of that checkout.
 *
 * Its argument is a {@linkcode ChildTask} as JSON. It prints one line when the
 * workload is loaded and has stepped, then for each number of steps on standard
 * input a line of JSON with their {@linkcode ChildTimes}.
 * @module
 */
import { cpuUsage, stdin } from "node:process";
import { createInterface } from "node:readline";
import { print } from "../../terminal/output.ts";

/** What to run. */
export interface ChildTask {
  /** The checkout, as a file URL that ends with a slash. */
  root: string;
  workload: { name: string; note: string; overrides: readonly string[] };
}

/** Milliseconds of a step, the mean over several. */
export interface ChildTimes {
  wall: number;
  /** CPU time of the whole process, on all cores. */
  cpu: number;
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]));

async function main({ root, workload }: ChildTask): Promise<void> {
  const load = (path: string) => import(new URL(path, root).href);
  const { openGpu } = await load("src/gpu/device.ts");
  const { buildWorkload } = await load("src/bench/step/workloads.ts");
  const { openWorkload, submitStep } = await load("src/bench/step/step.ts");
  const { waitForDevice } = await load("src/bench/timing.ts");
  const gpu = await openGpu();
  // On a CPU both sides run their first variants: what timing would choose
  // differs from start to start, as other programs come and go.
  const choices: Record<string, string> = {};
  if (gpu.limits.software) {
    const { micro, update, evaluate } =
      buildWorkload(workload, gpu.limits).plans;
    for (const { dispatches } of [micro, update, evaluate]) {
      for (const { choice } of dispatches) {
        if (choice) choices[choice.key] = choice.variants[0].name;
      }
    }
  }
  const running = await openWorkload(gpu, workload, choices);
  const steps = async (count: number): Promise<ChildTimes> => {
    const before = cpuUsage(), from = performance.now();
    for (let i = 0; i < count; i++) await submitStep(running);
    await waitForDevice(gpu);
    const wall = (performance.now() - from) / count;
    const { user, system } = cpuUsage(before);
    return { wall, cpu: (user + system) / 1e3 / count };
  };
  await steps(2);
  print(JSON.stringify({ software: gpu.limits.software }));
  for await (const line of createInterface({ input: stdin })) {
    print(JSON.stringify(await steps(Number(line))));
  }
  Deno.exit(0);
}
