/**
 * The least of WebGPU that a test of single dispatches needs.
 * @module
 */
import { type Gpu, openGpu } from "../../../../src/gpu/device.ts";
import {
  checkCall,
  type KernelInterface,
  parseKernelInterface,
} from "../../../../src/gpu/kernel_interface.ts";
import { structBytes, writeStruct } from "../../../../src/gpu/struct_layout.ts";
import { assemble } from "../../../../src/gpu/wgsl.ts";
import type { Binding, Dispatch } from "../../../../src/graph/dispatch.ts";

const kernels = new URL("../../../../kernels/", import.meta.url);
const source = (name: string) =>
  Deno.readTextFileSync(new URL(`${name}.wgsl`, kernels));

interface Kernel {
  pipeline: GPUComputePipeline;
  declared: KernelInterface;
}

/** One device and the pipelines made on it so far. */
export class Bench implements Disposable {
  #kernels = new Map<string, Kernel>();

  private constructor(readonly gpu: Gpu) {}

  /** @throws {UserError} where there is no adapter */
  static async open(): Promise<Bench> {
    const bench = new Bench(await openGpu());
    bench.device.pushErrorScope("validation");
    return bench;
  }

  /** The device. */
  get device(): GPUDevice {
    return this.gpu.device;
  }

  /** Lanes of every subgroup, 0 where they vary. */
  get subgroupSize(): number {
    return this.gpu.limits.subgroupSize;
  }

  /** Whether kernels may use 64-bit integers. */
  get int64(): boolean {
    return this.gpu.limits.int64;
  }

  /** Compiled once for all dispatches of the same kernel and constants. */
  kernel({ kernel, constants, bindings }: Dispatch): Kernel {
    const halves = Object.entries(bindings)
      .filter(([, { tensor }]) => tensor.dtype === "f16")
      .map(([name]) => [name, "f16" as const]);
    const elements = Object.fromEntries(halves);
    const code = assemble(kernel, constants, source, elements);
    let compiled = this.#kernels.get(code);
    if (!compiled) {
      const pipeline = this.device.createComputePipeline({
        layout: "auto",
        compute: { module: this.device.createShaderModule({ code }) },
      });
      compiled = { pipeline, declared: parseKernelInterface(kernel, code) };
      this.#kernels.set(code, compiled);
    }
    return compiled;
  }

  /** A storage buffer holding `data`. */
  upload(
    data: Float32Array<ArrayBuffer> | Float16Array<ArrayBuffer>,
  ): GPUBuffer {
    const buffer = this.device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST |
        GPUBufferUsage.COPY_SRC,
    });
    this.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /** Runs one dispatch; `storage` gives the buffer of each binding. */
  run(dispatch: Dispatch, storage: (binding: Binding) => GPUBuffer): void {
    const { pipeline, declared } = this.kernel(dispatch);
    checkCall(declared, dispatch);
    const { params: { layout, binding }, storage: variables } = declared;
    const words = new ArrayBuffer(structBytes(layout));
    writeStruct(layout, dispatch.params, new DataView(words));
    const params = this.device.createBuffer({
      size: words.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.device.queue.writeBuffer(params, 0, words);
    const group = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding, resource: { buffer: params } },
        ...Object.entries(dispatch.bindings).map(([name, bound]) => ({
          binding: variables.get(name)!.binding,
          resource: {
            buffer: storage(bound),
            offset: bound.offset ?? 0,
            ...bound.size !== undefined && { size: bound.size },
          },
        })),
      ],
    });
    const encoder = this.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...dispatch.workgroups);
    pass.end();
    this.device.queue.submit([encoder.finish()]);
  }

  /**
   * The contents of several buffers, in one wait.
   *
   * @throws {Error} where anything since the last download was invalid
   */
  async download(buffers: GPUBuffer[]): Promise<Float32Array[]> {
    const fault = await this.device.popErrorScope();
    this.device.pushErrorScope("validation");
    if (fault) throw new Error(fault.message);
    const encoder = this.device.createCommandEncoder();
    const copies = buffers.map((buffer) => {
      const copy = this.device.createBuffer({
        size: buffer.size,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
      return copy;
    });
    this.device.queue.submit([encoder.finish()]);
    const out: Float32Array[] = [];
    for (const copy of copies) {
      await copy.mapAsync(GPUMapMode.READ);
      out.push(new Float32Array(copy.getMappedRange().slice(0)));
      copy.destroy();
    }
    return out;
  }

  [Symbol.dispose](): void {
    this.gpu.close();
  }
}
