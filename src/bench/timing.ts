/**
 * Measures time on the device, and the cost of waiting for it.
 * @module
 */
import type { Gpu } from "../gpu/device.ts";
import type { BoundDispatch, Executor } from "../gpu/executor.ts";
import type { PlannedDispatch } from "../plan/plan.ts";

/**
 * The median; for an even number of values, the mean of the two middle ones.
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = values.toSorted((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2
    ? sorted[half]
    : (sorted[half - 1] + sorted[half]) / 2;
}

/** Waits until the device has finished all submitted work. */
export const waitForDevice = (gpu: Gpu): Promise<undefined> =>
  gpu.device.queue.onSubmittedWorkDone();

/**
 * Milliseconds that a wait takes on an idle device: Deno sleeps about 10 ms
 * after the device is done. Subtract it from measurements that end with a wait.
 */
export async function measureIdleWait(gpu: Gpu): Promise<number> {
  const waits: number[] = [];
  await waitForDevice(gpu);
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    await waitForDevice(gpu);
    waits.push(performance.now() - from);
  }
  return Math.min(...waits);
}

const ticks = new WeakMap<GPUDevice, number>();

/**
 * Nanoseconds per timestamp tick: 1 unless {@linkcode calibrate} has measured
 * another value.
 */
export const nanosecondsPerTick = (gpu: Gpu): number =>
  ticks.get(gpu.device) ?? 1;

/**
 * Compares the device's clock with the host's over a dispatch that should take
 * about 20 ms. Deno returns raw ticks, which are 1 ns on NVIDIA and lavapipe
 * but 10 to 80 ns elsewhere, and does not report the unit.
 */
export async function calibrate(timed: TimedDispatch): Promise<void> {
  const { gpu } = timed;
  if (!gpu.timestamps || gpu.limits.software) return;
  const wait = await measureIdleWait(gpu), from = performance.now();
  const device = await timed.run(1);
  const host = (performance.now() - from - wait) / 1e3;
  // A factor below three is the cost of starting and waiting.
  if (host > 3 * device) ticks.set(gpu.device, host / device);
}

/** One piece of work, a dispatch or several, that is timed repeatedly. */
export class TimedDispatch {
  readonly gpu: Gpu;
  readonly #steps: readonly BoundDispatch[];
  readonly #uniform: GPUBuffer;

  private constructor(
    gpu: Gpu,
    steps: readonly BoundDispatch[],
    uniform: GPUBuffer,
  ) {
    this.gpu = gpu;
    this.#steps = steps;
    this.#uniform = uniform;
  }

  /**
   * Compiles and binds; `executor` must have allocated the dispatches' tensors.
   */
  static async bind(
    executor: Executor,
    work: readonly PlannedDispatch[],
  ): Promise<TimedDispatch> {
    const { dispatches, uniform } = await executor.bind(work);
    return new TimedDispatch(executor.gpu, dispatches, uniform);
  }

  /** FLOPs of the work, once. */
  get flops(): number {
    return this.#steps.reduce((n, { dispatch }) => n + dispatch.flops, 0);
  }

  /**
   * Seconds for the work, the mean over `times` repetitions in one pass: on the
   * device's clock if it has timestamps, else on the host's.
   */
  async run(times: number): Promise<number> {
    const { device, timestamps } = this.gpu;
    const stamps = timestamps ? new TimestampPair(device) : undefined;
    const wait = stamps ? 0 : await measureIdleWait(this.gpu);
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass(
      stamps && { timestampWrites: stamps.writes },
    );
    for (let i = 0; i < times; i++) {
      for (const { dispatch, pipeline, group } of this.#steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...dispatch.workgroups);
      }
    }
    pass.end();
    stamps?.resolve(encoder);
    const from = performance.now();
    device.queue.submit([encoder.finish()]);
    if (stamps) {
      return nanosecondsPerTick(this.gpu) * await stamps.seconds() / times;
    }
    await waitForDevice(this.gpu);
    return Math.max(1e-6, performance.now() - from - wait) / 1e3 / times;
  }

  /**
   * The number of dispatches for one pass of about `seconds`. The first run is
   * not timed, as the driver compiles in it.
   *
   * @param most maximum number of dispatches
   */
  async repetitionsFor(seconds: number, most: number): Promise<number> {
    await this.run(1);
    const one = await this.run(1);
    return Math.min(most, Math.max(1, Math.ceil(seconds / one)));
  }

  /** Frees the uniform buffer. */
  close(): void {
    this.#uniform.destroy();
  }
}

/** Timestamps at the beginning and the end of a pass. */
class TimestampPair {
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
    // A clock with coarse ticks may give 0.
    return Math.max(1, Number(to - from)) * 1e-9;
  }
}
