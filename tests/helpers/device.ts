/**
 * One device for all tests of a file, and graphs run on it.
 * @module
 */
import { assertEquals } from "@std/assert";
import { type Gpu, openGpu } from "../../src/gpu/device.ts";
import { Executor } from "../../src/gpu/executor.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import type { Graph } from "../../src/graph/graph.ts";
import {
  bytes,
  count,
  decodeFloats,
  type Tensor,
} from "../../src/graph/tensor.ts";
import { aligned, makePlan, type Plan } from "../../src/plan/plan.ts";

let opened: Promise<Gpu> | undefined;

/** The device, opened by the first test that asks for it. */
export function gpu(): Promise<Gpu> {
  return opened ??= openGpu().then((gpu) => {
    addEventListener("unload", () => gpu.close());
    return gpu;
  });
}

/** A test on the device, which outlives it: Deno would call that a leak. */
export function deviceTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Kernels as on an adapter without subgroups of a fixed size. */
export const NO_SUBGROUPS: Partial<AdapterLimits> = { subgroupSize: 0 };

/** Kernels as on a GPU without subgroups of a fixed size. */
export const GPU_KERNELS: Partial<AdapterLimits> = {
  software: false,
  subgroupSize: 0,
};

/** How to run a graph. */
export interface RunOptions {
  /** Facts of the adapter to pretend, e.g. a small binding. */
  limits?: Partial<AdapterLimits>;
  /** Replays, one after the other. @default 1 */
  times?: number;
}

/** What a run left. */
export interface Ran {
  plan: Plan;
  /** Of the tensors asked for, in order. */
  fetched: Float32Array[];
  /** Of every input and persistent tensor, by name. */
  after: Record<string, Float32Array>;
}

const words = (tensor: Tensor) => aligned(bytes(tensor)) / 4;

/**
 * Runs a graph on separate buffers.
 *
 * Everything that a kernel must not rely on is NaN: slots before the run, and
 * what lies behind the last element of a tensor. Behind gradients it is 0, as
 * in a session, and must be so afterwards, for it counts in the gradients'
 * norm.
 *
 * @param values of inputs and persistent tensors; 0 where not given
 */
export async function runGraph(
  graph: Graph,
  values: Record<string, ArrayLike<number>>,
  fetch: readonly Tensor[] = [],
  { limits = {}, times = 1 }: RunOptions = {},
): Promise<Ran> {
  const device = await gpu();
  const executor = new Executor(device);
  try {
    const plan = makePlan(
      "test",
      graph,
      { ...device.limits, ...limits },
      fetch,
    );
    const externals = [...graph.externals.values()];
    for (const name of Object.keys(values)) {
      if (!graph.externals.has(name)) throw new RangeError(`No tensor ${name}`);
    }
    for (const tensor of externals) {
      executor.allocate(tensor.name, words(tensor) * 4);
      executor.write(tensor.name, padded(tensor, values[tensor.name]));
    }
    const [loaded] = await executor.load([plan]);
    plan.slots.forEach((size, slot) => {
      const { buffer } = executor.rangeOf({ slot });
      const poison = new Float32Array(size / 4).fill(NaN);
      device.device.queue.writeBuffer(buffer, 0, poison);
    });
    for (let i = 0; i < times; i++) executor.run(loaded);
    const sources = [
      ...fetch.map((tensor) => executor.rangeOf(plan.fetches.get(tensor)!)),
      ...externals.map((tensor) => executor.rangeOf(tensor.name)),
    ];
    const read = await readAll(device, sources);
    const cut = (tensor: Tensor, at: number) =>
      decodeFloats(bytesOf(read[at]), tensor.dtype).subarray(0, count(tensor));
    externals.forEach((tensor, i) => {
      if (!tensor.name.startsWith("grad.")) return;
      const behind = read[fetch.length + i].subarray(count(tensor));
      assertEquals(behind.every((x) => x === 0), true, `behind ${tensor.name}`);
    });
    return {
      plan,
      fetched: fetch.map((tensor, i) => cut(tensor, i)),
      after: Object.fromEntries(
        externals.map((t, i) => [t.name, cut(t, fetch.length + i)]),
      ),
    };
  } finally {
    executor.close();
  }
}

function padded(
  tensor: Tensor,
  values: ArrayLike<number> = new Float32Array(count(tensor)),
): Float32Array | Uint32Array | Uint8Array {
  if (values.length !== count(tensor)) {
    throw new RangeError(`${tensor.name} takes ${count(tensor)} values`);
  }
  if (tensor.dtype === "f16") {
    const all = new Float16Array(2 * words(tensor)).fill(NaN);
    all.set(values);
    return new Uint8Array(all.buffer);
  }
  const all = tensor.dtype === "u32"
    ? new Uint32Array(words(tensor)).fill(0xffffffff)
    : new Float32Array(words(tensor)).fill(
      tensor.name.startsWith("grad.") ? 0 : NaN,
    );
  all.set(values);
  return all;
}

/** A copy of an array's bytes. */
const bytesOf = (x: Float32Array<ArrayBuffer>) =>
  x.buffer.slice(x.byteOffset, x.byteOffset + x.byteLength);

/** The contents of several regions, in one wait. */
async function readAll(
  { device, check }: Gpu,
  regions: readonly { buffer: GPUBuffer; offset: number; size: number }[],
): Promise<Float32Array<ArrayBuffer>[]> {
  const staging = device.createBuffer({
    size: regions.reduce((n, r) => n + r.size, 4),
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  let at = 0;
  for (const { buffer, offset, size } of regions) {
    encoder.copyBufferToBuffer(buffer, offset, staging, at, size);
    at += size;
  }
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const all = new Float32Array(staging.getMappedRange().slice(0));
  staging.destroy();
  check();
  at = 0;
  return regions.map(({ size }) => all.subarray(at / 4, (at += size) / 4));
}
