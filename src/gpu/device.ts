/**
 * Opens the GPU: adapter, limits, features, and what the plan needs to know
 * about them. Nothing is assumed: the device reports everything.
 * @module
 */
import { UserError } from "../errors.ts";
import type { AdapterLimits } from "../graph/dispatch.ts";
import { computeUnitsOf } from "../plan/devices.ts";
import { chooseAdapter, isSoftware } from "./adapter.ts";
import { driverVersion } from "./driver.ts";

/** An open device. */
export interface Gpu {
  device: GPUDevice;
  limits: AdapterLimits;
  /** One line that names the adapter. */
  name: string;
  /** Adapter facts for `blocksmith devices` and run.json. */
  info: Record<string, string | number | boolean>;
  /** Whether passes can write timestamps. */
  timestamps: boolean;
  /** What the user should know about the choice of this adapter. */
  notice: string | null;
  /**
   * Rejects with a clear error once the device is lost or a command was
   * invalid.
   */
  failure: Promise<never>;
  /** Throws what went wrong since the last call, if anything did. */
  check(): void;
  close(): void;
}

const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "minStorageBufferOffsetAlignment",
  "minUniformBufferOffsetAlignment",
] as const;

/** How {@linkcode openGpu} opens a device. */
export interface OpenGpuOptions {
  /**
   * What a user can change where the device's memory is not enough, for the
   * message that says so.
   * @default "lower the batch size or the model's size"
   */
  memoryRemedy?: string | (() => string);
  /**
   * Whether the CPU may stand in for a GPU without being asked for: to look at
   * the device, not to compute.
   * @default false
   */
  allowCpu?: boolean;
}

/**
 * Opens the adapter that {@linkcode chooseAdapter} chooses.
 *
 * @throws {UserError} where there is no adapter that can run the kernels, or
 *   only the CPU beside a GPU, and nobody asked for the CPU
 */
export async function openGpu(
  {
    memoryRemedy = "lower the batch size or the model's size",
    allowCpu = false,
  }: OpenGpuOptions = {},
): Promise<Gpu> {
  const { adapter, notice } = await chooseAdapter(allowCpu);
  const { device, int64 } = await request(adapter);
  const { vendor, architecture, device: model, description } = adapter.info;
  const software = isSoftware(adapter.info);
  const limits = device.limits;
  const stretch = 2 ** 31 - ALIGN;
  const failures: Error[] = [];
  let closed = false;
  const { promise: failure, reject } = Promise.withResolvers<never>();
  failure.catch(() => {});
  device.addEventListener("uncapturederror", (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const fault = /out of memory|not enough memory/i.test(error.message)
      ? new UserError(
        `The device ran out of memory (${error.message}): ${
          typeof memoryRemedy === "string" ? memoryRemedy : memoryRemedy()
        }`,
      )
      : new Error(`WebGPU: ${error.message}`);
    failures.push(fault);
    reject(fault);
  });
  device.lost.then(({ message }) => {
    if (closed) return;
    const fault = new UserError(
      `The device was lost (${message}): resume from the last checkpoint`,
    );
    failures.push(fault);
    reject(fault);
  });
  const adapterLimits: AdapterLimits = {
    software,
    subgroupSize: await probeSubgroups(device),
    int64,
    f16: device.features.has("shader-f16"),
    computeUnits: computeUnitsOf(description),
    storageBindings: limits.maxStorageBuffersPerShaderStage,
    maxBindingBytes: floor(
      Math.min(limits.maxStorageBufferBindingSize, stretch),
    ),
    maxBufferBytes: floor(Math.min(limits.maxBufferSize, stretch)),
    offsetAlignment: limits.minStorageBufferOffsetAlignment,
  };
  return {
    device,
    limits: adapterLimits,
    name: `${description || model || vendor || "unnamed adapter"}`,
    info: {
      vendor,
      architecture,
      device: model,
      description,
      driver: driverVersion({ vendor, description }),
      software,
      subgroup_size: adapterLimits.subgroupSize,
      int64,
      max_binding_bytes: adapterLimits.maxBindingBytes,
      max_buffer_bytes: adapterLimits.maxBufferBytes,
      shader_f16: adapter.features.has("shader-f16"),
      timestamps: device.features.has("timestamp-query"),
    },
    timestamps: device.features.has("timestamp-query"),
    notice,
    failure,
    check() {
      if (failures.length) throw failures[0];
    },
    close() {
      closed = true;
      device.destroy();
    },
  };
}

const ALIGN = 256;
const floor = (n: number) => n - n % ALIGN;

/**
 * Requests everything the adapter has; limits that are not requested fall to
 * small defaults. Deno hides `subgroups` and wgpu's features but grants them,
 * so they are requested too, fewer with each attempt.
 */
async function request(
  adapter: GPUAdapter,
): Promise<{ device: GPUDevice; int64: boolean }> {
  const requiredLimits: Record<string, number> = {};
  for (const key of LIMITS) {
    const value = adapter.limits[key as keyof GPUSupportedLimits];
    if (typeof value === "number") requiredLimits[key] = value;
  }
  const listed = (["timestamp-query", "shader-f16"] as const).filter((
    feature,
  ) => adapter.features.has(feature));
  const hidden = [["subgroups", INT64], ["subgroups"], []];
  for (const features of hidden) {
    try {
      const device = await adapter.requestDevice({
        requiredFeatures: [...listed, ...features] as GPUFeatureName[],
        requiredLimits,
      });
      return { device, int64: features.includes(INT64) };
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
    }
  }
  throw new UserError(
    "The WebGPU adapter grants no device: run 'blocksmith devices'",
  );
}

/** wgpu's name of 64-bit integers in shaders. */
const INT64 = "wgpu-shader-int64";

/** The size that every subgroup has, or 0 if there is none or it varies. */
async function probeSubgroups(device: GPUDevice): Promise<number> {
  // Deno leaves granted wgpu features out of `device.features`: try them.
  device.pushErrorScope("validation");
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> sizes: array<u32>;
@compute @workgroup_size(128)
fn main(@builtin(local_invocation_index) i: u32, @builtin(subgroup_size) size: u32) {
  sizes[i] = select(0u, size, subgroupAdd(1u) == size);
}`,
  });
  const pipeline = device.createComputePipeline({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  if (await device.popErrorScope()) return 0;
  const usage = GPUBufferUsage;
  const sizes = device.createBuffer({
    size: 512,
    usage: usage.STORAGE | usage.COPY_SRC,
  });
  const read = device.createBuffer({
    size: 512,
    usage: usage.MAP_READ | usage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(
    0,
    device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource: { buffer: sizes } }],
    }),
  );
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(sizes, 0, read, 0, 512);
  device.queue.submit([encoder.finish()]);
  await read.mapAsync(GPUMapMode.READ);
  const found = new Uint32Array(read.getMappedRange().slice(0));
  read.destroy();
  sizes.destroy();
  const [size] = found;
  return found.every((s) => s === size) && [8, 16, 32, 64].includes(size)
    ? size
    : 0;
}
