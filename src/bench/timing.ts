/**
 * Time on the device, and what waiting for it costs the host.
 * @module
 */
import type { Gpu } from "../gpu/device.ts";
import type { Executor } from "../gpu/executor.ts";
import type { PlannedDispatch } from "../plan/plan.ts";

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** Waits until the device has done everything. */
export const drain = (gpu: Gpu): Promise<undefined> =>
  gpu.device.queue.onSubmittedWorkDone();

/**
 * Milliseconds that a wait takes where there is nothing to wait for: Deno
 * sleeps about 10 ms after the device is done. Subtract it from what ends with
 * a wait.
 */
export async function idleWait(gpu: Gpu): Promise<number> {
  const waits: number[] = [];
  await drain(gpu);
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    await drain(gpu);
    waits.push(performance.now() - from);
  }
  return Math.min(...waits);
}

const ticks = new WeakMap<GPUDevice, number>();

/** Nanoseconds of one timestamp tick: 1 until {@linkcode calibrate} found otherwise. */
export const tick = (gpu: Gpu): number => ticks.get(gpu.device) ?? 1;

/**
 * Holds the device's clock against the host's, over a dispatch that should take
 * some 20 ms: Deno hands on raw ticks, which are nanoseconds on NVIDIA and
 * lavapipe but 10 to 80 of them elsewhere, and does not say which.
 */
export async function calibrate(timed: TimedDispatch): Promise<void> {
  const { gpu } = timed;
  if (!gpu.timestamps || gpu.limits.software) return;
  const wait = await idleWait(gpu), from = performance.now();
  const device = await timed.run(1);
  const host = (performance.now() - from - wait) / 1e3;
  // Less than a factor of three is what starting and waiting cost.
  if (host > 3 * device) ticks.set(gpu.device, host / device);
}

/** One dispatch that is timed again and again. */
export class TimedDispatch {
  readonly dispatch: PlannedDispatch;
  readonly gpu: Gpu;
  readonly #pipeline: GPUComputePipeline;
  readonly #group: GPUBindGroup;
  readonly #uniform: GPUBuffer;

  private constructor(
    gpu: Gpu,
    dispatch: PlannedDispatch,
    uniform: GPUBuffer,
    step: { pipeline: GPUComputePipeline; group: GPUBindGroup },
  ) {
    this.gpu = gpu;
    this.dispatch = dispatch;
    this.#uniform = uniform;
    this.#pipeline = step.pipeline;
    this.#group = step.group;
  }

  /** Compiles and binds; the dispatch's tensors must be known to `executor`. */
  static async bind(
    executor: Executor,
    dispatch: PlannedDispatch,
  ): Promise<TimedDispatch> {
    const { steps: [step], uniform } = await executor.bind([dispatch]);
    return new TimedDispatch(executor.gpu, dispatch, uniform, step);
  }

  /**
   * Seconds of one dispatch, the mean over `times` in one pass: on the device's
   * own clock where it has timestamps, else on the host's.
   */
  async run(times: number): Promise<number> {
    const { device, timestamps } = this.gpu;
    const stamps = timestamps ? new Stamps(device) : undefined;
    const wait = stamps ? 0 : await idleWait(this.gpu);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(
      stamps && { timestampWrites: stamps.writes },
    );
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#group);
    for (let i = 0; i < times; i++) {
      pass.dispatchWorkgroups(...this.dispatch.workgroups);
    }
    pass.end();
    stamps?.resolve(encoder);
    const from = performance.now();
    device.queue.submit([encoder.finish()]);
    if (stamps) return tick(this.gpu) * await stamps.seconds() / times;
    await drain(this.gpu);
    return Math.max(1e-6, performance.now() - from - wait) / 1e3 / times;
  }

  /**
   * How often to run in one pass so that it takes about `seconds`. Runs once
   * before it times, which has the driver compile.
   *
   * @param most dispatches at most
   */
  async timesFor(seconds: number, most: number): Promise<number> {
    await this.run(1);
    const one = await this.run(1);
    return Math.min(most, Math.max(1, Math.ceil(seconds / one)));
  }

  /** Frees what belongs to the timing. */
  close(): void {
    this.#uniform.destroy();
  }
}

/** Two timestamps around a pass. */
class Stamps {
  readonly writes: GPUComputePassTimestampWrites;
  readonly #set: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #mapped: GPUBuffer;

  constructor(device: GPUDevice) {
    const usage = GPUBufferUsage;
    this.#set = device.createQuerySet({ type: "timestamp", count: 2 });
    this.#resolved = device.createBuffer({
      size: 16,
      usage: usage.QUERY_RESOLVE | usage.COPY_SRC,
    });
    this.#mapped = device.createBuffer({
      size: 16,
      usage: usage.MAP_READ | usage.COPY_DST,
    });
    this.writes = {
      querySet: this.#set,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
  }

  resolve(encoder: GPUCommandEncoder): void {
    encoder.resolveQuerySet(this.#set, 0, 2, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#mapped, 0, 16);
  }

  async seconds(): Promise<number> {
    await this.#mapped.mapAsync(GPUMapMode.READ);
    const [from, to] = new BigUint64Array(
      this.#mapped.getMappedRange().slice(0),
    );
    this.#resolved.destroy();
    this.#mapped.destroy();
    this.#set.destroy();
    // A clock of coarse ticks may give 0.
    return Math.max(1, Number(to - from)) * 1e-9;
  }
}
