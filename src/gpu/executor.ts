/**
 * Runs plans: buffers, pipelines and bind groups are made once at load, where
 * names are resolved; a replay only encodes dispatches.
 * @module
 */
import {
  aligned,
  ALIGNMENT,
  type Plan,
  type PlannedDispatch,
  type TensorLocation,
} from "../plan/plan.ts";
import type { Gpu } from "./device.ts";
import { type CompiledKernel, Pipelines } from "./pipelines.ts";
import { writeStruct } from "./struct_layout.ts";

/** A tensor of the run: part of a buffer. */
export interface BufferRange {
  buffer: GPUBuffer;
  /** First byte, a multiple of {@linkcode ALIGNMENT}. */
  offset: number;
  /** Bytes. */
  size: number;
}

/** A plan with everything bound. */
export interface LoadedPlan {
  plan: Plan;
  dispatches: BoundDispatch[];
}

/** One dispatch, ready to be encoded. */
export interface BoundDispatch {
  dispatch: PlannedDispatch;
  pipeline: GPUComputePipeline;
  group: GPUBindGroup;
}

/** Dispatches that are bound, and the buffer that holds their parameters. */
export interface BoundDispatches {
  dispatches: BoundDispatch[];
  uniform: GPUBuffer;
}

/**
 * Picks one variant of each dispatch that has several, in their order: what
 * runs in place of the dispatch.
 */
export type SelectKernels = (
  dispatches: readonly PlannedDispatch[],
  executor: Executor,
) => Promise<readonly (readonly PlannedDispatch[])[]>;

/** Takes the best guesses, without timing. */
const bestGuesses: SelectKernels = (dispatches) =>
  Promise.resolve(dispatches.map((d) => d.choice!.variants[0].dispatches));

/** Buffers of a run and the plans that work on them. */
export class Executor {
  readonly gpu: Gpu;
  readonly pipelines: Pipelines;
  /** Bytes of all buffers made so far. */
  allocated = 0;
  readonly #ranges = new Map<string, BufferRange>();
  readonly #slots: GPUBuffer[] = [];
  readonly #buffers: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.gpu = gpu;
    this.pipelines = Pipelines.of(gpu.device);
  }

  /** A zeroed buffer for storage and copies both ways. */
  buffer(label: string, size: number): GPUBuffer {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    const bytes = aligned(size);
    const buffer = this.gpu.device.createBuffer({
      label,
      size: bytes,
      usage: STORAGE | COPY_SRC | COPY_DST,
    });
    this.allocated += bytes;
    this.#buffers.push(buffer);
    return buffer;
  }

  /** Gives plans the range of a buffer as tensor `name`. */
  define(name: string, range: BufferRange): void {
    this.#ranges.set(name, range);
  }

  /** Allocates a tensor in a separate buffer. */
  allocate(name: string, size: number): BufferRange {
    const range = { buffer: this.buffer(name, size), offset: 0, size };
    this.define(name, range);
    return range;
  }

  /**
   * The buffer range of a tensor.
   *
   * @throws {RangeError} if nothing of that name was defined
   */
  rangeOf(location: TensorLocation | string): BufferRange {
    if (typeof location !== "string" && "slot" in location) {
      const buffer = this.#slots[location.slot];
      return { buffer, offset: 0, size: buffer.size };
    }
    const name = typeof location === "string" ? location : location.external;
    const range = this.#ranges.get(name);
    if (!range) throw new RangeError(`No tensor '${name}' on the device`);
    return range;
  }

  /**
   * Binds plans to buffers. Plans loaded together share slots: they never run
   * at the same time.
   *
   * @param choose picks among kernels that compute the same; by default the
   *   first
   */
  async load(
    plans: readonly Plan[],
    choose: SelectKernels = bestGuesses,
  ): Promise<LoadedPlan[]> {
    const sizes: number[] = [];
    for (const plan of plans) {
      plan.slots.forEach((size, i) => sizes[i] = Math.max(sizes[i] ?? 0, size));
    }
    for (let i = this.#slots.length; i < sizes.length; i++) {
      this.#slots.push(this.buffer(`slot ${i}`, sizes[i]));
    }
    sizes.forEach((size, i) => {
      if (this.#slots[i].size < size) {
        throw new RangeError("Plans that share slots must be loaded together");
      }
    });
    this.gpu.check();
    const several = plans.flatMap((plan) => plan.dispatches)
      .filter((d) => d.choice);
    const picked = await choose(several, this);
    let next = 0;
    const chosen = plans.map(({ dispatches }) =>
      dispatches.flatMap((d) => d.choice ? picked[next++] : d)
    );
    const { dispatches: steps, uniform } = await this.bind(chosen.flat());
    this.allocated += uniform.size;
    this.#buffers.push(uniform);
    let at = 0;
    const loaded = plans.map((plan, i): LoadedPlan => ({
      plan,
      dispatches: steps.slice(at, at += chosen[i].length),
    }));
    await this.gpu.device.queue.onSubmittedWorkDone();
    this.gpu.check();
    return loaded;
  }

  /**
   * Compiles dispatches and binds them to their tensors. The uniform buffer
   * belongs to the caller.
   *
   * @throws {TypeError} if a dispatch is not what its kernel declares
   */
  async bind(dispatches: readonly PlannedDispatch[]): Promise<BoundDispatches> {
    const { device } = this.gpu;
    const kernels: CompiledKernel[] = [];
    for (const dispatch of dispatches) {
      kernels.push(await this.pipelines.get(dispatch));
    }
    const words = new ArrayBuffer(Math.max(1, dispatches.length) * ALIGNMENT);
    const view = new DataView(words);
    const uniform = device.createBuffer({
      label: "parameters of the dispatches",
      size: words.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    const steps = dispatches.map((dispatch, i): BoundDispatch => {
      const { pipeline, layout, interface: { params, storage } } = kernels[i];
      const offset = i * ALIGNMENT;
      writeStruct(params.layout, dispatch.params, view, offset);
      const entries: GPUBindGroupEntry[] = [{
        binding: params.binding,
        resource: { buffer: uniform, offset, size: ALIGNMENT },
      }];
      for (const [name, { binding }] of storage) {
        const { location, offset, size } = dispatch.bindings[name];
        const range = this.rangeOf(location);
        const resource = {
          buffer: range.buffer,
          offset: range.offset + offset,
          size,
        };
        entries.push({ binding, resource });
      }
      const { label } = dispatch;
      const group = device.createBindGroup({ label, layout, entries });
      return { dispatch, pipeline, group };
    });
    device.queue.writeBuffer(uniform, 0, words);
    return { dispatches: steps, uniform };
  }

  /** Encodes one replay of a plan. */
  encode(pass: GPUComputePassEncoder, loaded: LoadedPlan): void {
    for (const { dispatch, pipeline, group } of loaded.dispatches) {
      const [x, y, z] = dispatch.workgroups;
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(x, y, z);
    }
  }

  /** Zeroes every slot. */
  clearSlots(): void {
    const encoder = this.gpu.device.createCommandEncoder();
    for (const slot of this.#slots) encoder.clearBuffer(slot);
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Runs a plan once, in a separate submit. */
  run(loaded: LoadedPlan): void {
    const encoder = this.gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.encode(pass, loaded);
    pass.end();
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** Writes a tensor's data; `offset` in bytes within it. */
  write(
    name: string,
    data: Float32Array | Uint32Array | Uint8Array,
    offset = 0,
  ): void {
    const range = this.rangeOf(name);
    this.gpu.device.queue.writeBuffer(
      range.buffer,
      range.offset + offset,
      data as Uint8Array<ArrayBuffer>,
    );
  }

  /** Reads bytes of a tensor back. Waits for the device. */
  async read(
    location: TensorLocation | string,
    size: number,
    offset = 0,
  ): Promise<ArrayBuffer> {
    const [data] = await this.readAll([{ location, size, offset }]);
    return data;
  }

  /** Reads bytes of several tensors back, waiting for the device once. */
  async readAll(
    parts: readonly {
      location: TensorLocation | string;
      size: number;
      offset?: number;
    }[],
  ): Promise<ArrayBuffer[]> {
    const { device } = this.gpu;
    let total = 0;
    const starts = parts.map(({ size }) => {
      const start = total;
      total += Math.ceil(size / 4) * 4;
      return start;
    });
    const staging = device.createBuffer({
      size: Math.max(4, total),
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = device.createCommandEncoder();
    parts.forEach(({ location, size, offset = 0 }, i) => {
      const range = this.rangeOf(location);
      encoder.copyBufferToBuffer(
        range.buffer,
        range.offset + offset,
        staging,
        starts[i],
        Math.ceil(size / 4) * 4,
      );
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const mapped = staging.getMappedRange();
    const data = parts.map(({ size }, i) =>
      mapped.slice(starts[i], starts[i] + size)
    );
    staging.destroy();
    this.gpu.check();
    return data;
  }

  /** Frees every buffer. */
  close(): void {
    for (const buffer of this.#buffers) buffer.destroy();
    this.#buffers.length = 0;
    this.allocated = 0;
  }
}
