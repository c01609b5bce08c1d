/**
 * Compiled kernels, one for each kernel file and set of constants.
 * @module
 */
import type { PlannedDispatch } from "../plan/plan.ts";
import { kernelText } from "./kernel_files.ts";
import {
  checkCall,
  type KernelInterface,
  parseKernelInterface,
} from "./kernel_interface.ts";
import { assemble, type Elements } from "./wgsl.ts";

/** A kernel ready to run. */
export interface CompiledKernel {
  pipeline: GPUComputePipeline;
  /** Layout of its bind group. */
  layout: GPUBindGroupLayout;
  interface: KernelInterface;
}

/** The storage variables of a dispatch that hold f16. */
export const elementsOf = ({ bindings }: PlannedDispatch): Elements =>
  Object.fromEntries(
    Object.entries(bindings).filter(([, { dtype }]) => dtype === "f16")
      .map(([name]) => [name, "f16"]),
  );

const shared = new WeakMap<GPUDevice, Pipelines>();

/** Compiles on first use and keeps what it compiled. */
export class Pipelines {
  /** The pipelines of a device, shared by all executors on it. */
  static of(device: GPUDevice): Pipelines {
    let pipelines = shared.get(device);
    if (!pipelines) shared.set(device, pipelines = new Pipelines(device));
    return pipelines;
  }

  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, CompiledKernel>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Kernels compiled so far. */
  get size(): number {
    return this.#compiled.size;
  }

  /** The layout of what a kernel declares; equal declarations share one. */
  #layout({ params, storage }: KernelInterface): GPUBindGroupLayout {
    const visibility = GPUShaderStage.COMPUTE;
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: params.binding, visibility, buffer: { type: "uniform" } },
    ];
    for (const { binding, access } of storage.values()) {
      const type = access === "read" ? "read-only-storage" : "storage";
      entries.push({ binding, visibility, buffer: { type } });
    }
    const key = entries.map((e) => `${e.binding} ${e.buffer!.type}`).join();
    let layout = this.#layouts.get(key);
    if (!layout) {
      layout = this.#device.createBindGroupLayout({ entries });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  /**
   * The compiled kernel of a dispatch.
   *
   * @throws {Error} if the kernel does not compile, with the compiler's message
   * @throws {TypeError} if parameters or bindings are not what the kernel
   *   declares
   */
  async get(dispatch: PlannedDispatch): Promise<CompiledKernel> {
    const { kernel, constants } = dispatch;
    const elements = elementsOf(dispatch);
    const key = `${kernel} ${JSON.stringify([constants, elements])}`;
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      const code = assemble(kernel, constants, kernelText, elements);
      const declared = parseKernelInterface(kernel, code);
      checkCall(declared, dispatch);
      compiled = await this.#compile(dispatch, code, declared);
      this.#compiled.set(key, compiled);
    } else checkCall(compiled.interface, dispatch);
    return compiled;
  }

  async #compile(
    { kernel, constants }: PlannedDispatch,
    code: string,
    declared: KernelInterface,
  ): Promise<CompiledKernel> {
    const device = this.#device;
    device.pushErrorScope("validation");
    const layout = this.#layout(declared);
    const module = device.createShaderModule({ label: kernel, code });
    const pipeline = device.createComputePipeline({
      label: kernel,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    const error = await device.popErrorScope();
    if (error) {
      throw new Error(
        `kernels/${kernel}.wgsl does not compile with ${
          JSON.stringify(constants)
        }: ${error.message}`,
      );
    }
    return { pipeline, layout, interface: declared };
  }
}
