/**
 * Compiled kernels, one for each kernel file and set of constants.
 * @module
 */
import { kernelText } from "./kernel_files.ts";
import type { PlannedDispatch } from "../plan/plan.ts";
import { assemble } from "./wgsl.ts";

const shared = new WeakMap<GPUDevice, Pipelines>();

/** Compiles on first use and keeps what it compiled. */
export class Pipelines {
  /** The pipelines of a device: made once, whoever runs them. */
  static of(device: GPUDevice): Pipelines {
    let pipelines = shared.get(device);
    if (!pipelines) shared.set(device, pipelines = new Pipelines(device));
    return pipelines;
  }

  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, GPUComputePipeline>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Kernels compiled so far. */
  get size(): number {
    return this.#compiled.size;
  }

  /** The layout of a dispatch's bindings: uniform block, then tensors. */
  layout(dispatch: PlannedDispatch): GPUBindGroupLayout {
    const kinds = dispatch.bindings.map((b) => b.access === "read" ? "r" : "w")
      .join("");
    let layout = this.#layouts.get(kinds);
    if (!layout) {
      const entries: GPUBindGroupLayoutEntry[] = [{
        binding: 0,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: "uniform" },
      }];
      for (let i = 0; i < kinds.length; i++) {
        entries.push({
          binding: i + 1,
          visibility: GPUShaderStage.COMPUTE,
          buffer: { type: kinds[i] === "r" ? "read-only-storage" : "storage" },
        });
      }
      layout = this.#device.createBindGroupLayout({ entries });
      this.#layouts.set(kinds, layout);
    }
    return layout;
  }

  /**
   * The pipeline of a dispatch.
   *
   * @throws {Error} if the kernel does not compile, with the compiler's words
   */
  async get(dispatch: PlannedDispatch): Promise<GPUComputePipeline> {
    const key = `${dispatch.kernel} ${JSON.stringify(dispatch.constants)}`;
    const known = this.#compiled.get(key);
    if (known) return known;
    const code = assemble(dispatch.kernel, dispatch.constants, kernelText);
    const device = this.#device;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label: dispatch.kernel, code });
    const pipeline = device.createComputePipeline({
      label: dispatch.kernel,
      layout: device.createPipelineLayout({
        bindGroupLayouts: [this.layout(dispatch)],
      }),
      compute: { module, entryPoint: "main" },
    });
    const error = await device.popErrorScope();
    if (error) {
      throw new Error(
        `kernels/${dispatch.kernel}.wgsl does not compile with ${
          JSON.stringify(dispatch.constants)
        }: ${error.message}`,
      );
    }
    this.#compiled.set(key, pipeline);
    return pipeline;
  }
}
