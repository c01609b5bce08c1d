/**
 * The least of WebGPU that a test of single dispatches needs.
 * @module
 */
import type { Binding, Dispatch } from "../../../../src/graph/dispatch.ts";
import { type Gpu, openGpu } from "../../../../src/gpu/device.ts";
import { assemble } from "../../../../src/gpu/wgsl.ts";

const kernels = new URL("../../../../kernels/", import.meta.url);
const source = (name: string) =>
  Deno.readTextFileSync(new URL(`${name}.wgsl`, kernels));

/** One device and the pipelines made on it so far. */
export class Bench implements Disposable {
  #pipelines = new Map<string, GPUComputePipeline>();

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
  pipeline({ kernel, constants }: Dispatch): GPUComputePipeline {
    const code = assemble(kernel, constants, source);
    let pipeline = this.#pipelines.get(code);
    if (!pipeline) {
      pipeline = this.device.createComputePipeline({
        layout: "auto",
        compute: { module: this.device.createShaderModule({ code }) },
      });
      this.#pipelines.set(code, pipeline);
    }
    return pipeline;
  }

  /** A storage buffer holding `data`. */
  upload(data: Float32Array<ArrayBuffer>): GPUBuffer {
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
    const words = new DataView(new ArrayBuffer(4 * dispatch.params.length));
    dispatch.params.forEach((word, i) =>
      typeof word === "number"
        ? words.setUint32(4 * i, word, true)
        : words.setFloat32(4 * i, word.f32, true)
    );
    const params = this.device.createBuffer({
      size: words.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.device.queue.writeBuffer(params, 0, words);
    const pipeline = this.pipeline(dispatch);
    const group = this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [
        { binding: 0, resource: { buffer: params } },
        ...dispatch.bindings.map((binding, i) => ({
          binding: i + 1,
          resource: {
            buffer: storage(binding),
            offset: binding.offset ?? 0,
            ...binding.size !== undefined && { size: binding.size },
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
