/**
 * What is known of devices by name: WebGPU tells neither how fast an adapter is
 * nor how many processors it has. Plain data, for estimates and for kernels
 * that divide their work by the number of processors.
 * @module
 */
import type { AdapterLimits } from "../graph/dispatch.ts";

/** The figures of one device. */
export interface KnownDevice {
  /** Short name, as in `blocksmith plan --device h100`. */
  name: string;
  /** The name that its driver gives the adapter, whole. */
  adapter: RegExp;
  /** FLOP/s of fp32 multiply-adds outside of matrix units, two each. */
  peak: number;
  /** Bytes per second between processors and memory. */
  bandwidth: number;
  /** Processors that run workgroups side by side. */
  computeUnits: number;
  /** Bytes of its memory; null where it is the machine's. */
  memory: number | null;
  /** Whether the CPU computes: the figures are those of one core. */
  perCore: boolean;
  /** Where the figures come from. */
  source: string;
}

const TERA = 1e12, GIGA = 1e9;

const gpu = (
  name: string,
  adapter: RegExp,
  figures: [tflops: number, gigabytes: number, units: number, memory: number],
  source: string,
): KnownDevice => {
  const [tflops, gigabytes, computeUnits, memory] = figures;
  return {
    name,
    adapter,
    peak: tflops * TERA,
    bandwidth: gigabytes * GIGA,
    computeUnits,
    memory: memory * GIGA,
    perCore: false,
    source,
  };
};

/**
 * The devices with figures. Peaks and bandwidths are the vendor's; what is
 * reached of them is the cost model's matter.
 */
export const DEVICES: readonly KnownDevice[] = [
  gpu(
    "h200",
    /^NVIDIA H200$/,
    [67, 4800, 132, 141],
    "NVIDIA H200 datasheet (SXM); measured: 65.3 TFLOP/s, 4.24 TB/s, 132 multiprocessors",
  ),
  gpu(
    "h100",
    /^NVIDIA H100 80GB HBM3$/,
    [67, 3350, 132, 80],
    "NVIDIA H100 datasheet (SXM5) and Hopper architecture whitepaper",
  ),
  gpu(
    "h100-pcie",
    /^NVIDIA H100 PCIe$/,
    [51, 2000, 114, 80],
    "NVIDIA H100 datasheet (PCIe) and Hopper architecture whitepaper",
  ),
  gpu(
    "a100",
    /^NVIDIA A100(-SXM4-80GB| 80GB PCIe)$/,
    [19.5, 2039, 108, 80],
    "NVIDIA A100 80GB datasheet (SXM) and Ampere architecture whitepaper",
  ),
  gpu(
    "a100-40gb",
    /^(NVIDIA )?A100-(SXM4|PCIE)-40GB$/,
    [19.5, 1555, 108, 40],
    "NVIDIA A100 40GB datasheet and Ampere architecture whitepaper",
  ),
  gpu(
    "v100",
    /^(NVIDIA )?Tesla V100-SXM2-(16|32)GB$/,
    [15.7, 900, 80, 32],
    "NVIDIA V100 datasheet (SXM2) and Volta architecture whitepaper",
  ),
  gpu(
    "a5000",
    /^NVIDIA RTX A5000$/,
    [27.8, 768, 64, 24],
    "NVIDIA RTX A5000 datasheet (8,192 cores of 128 a multiprocessor)",
  ),
  gpu(
    "4090",
    /^NVIDIA GeForce RTX 4090$/,
    [82.6, 1008, 128, 24],
    "NVIDIA Ada GPU architecture whitepaper",
  ),
  {
    name: "lavapipe",
    adapter: /^llvmpipe /,
    peak: 90.5 * GIGA,
    bandwidth: 1.95 * GIGA,
    computeUnits: 1,
    memory: null,
    perCore: true,
    source:
      "'blocksmith bench' on two cores of an AMD EPYC with AVX-512, Mesa 25.0.7: 181 GFLOP/s, 3.89 GB/s",
  },
];

/**
 * The device with a short name.
 *
 * @returns undefined if there is none
 */
export const deviceNamed = (name: string): KnownDevice | undefined =>
  DEVICES.find((device) => device.name === name.toLowerCase());

/**
 * The device that a driver calls `adapter`.
 *
 * @returns undefined if there are no figures for it
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deviceOfAdapter } from "./devices.ts";
 *
 * assertEquals(deviceOfAdapter("NVIDIA H200")?.computeUnits, 132);
 * // Another chip than the card of that number.
 * assertEquals(deviceOfAdapter("NVIDIA GeForce RTX 4090 D"), undefined);
 * ```
 */
export const deviceOfAdapter = (adapter: string): KnownDevice | undefined =>
  DEVICES.find((device) => device.adapter.test(adapter));

/**
 * Processors of the adapter that a driver calls `adapter`; 0 where they are not
 * known. The CPU's cores do not count: a plan for it must be the same on every
 * machine.
 */
export function computeUnitsOf(adapter: string): number {
  const device = deviceOfAdapter(adapter);
  return device && !device.perCore ? device.computeUnits : 0;
}

/**
 * The limits of a device that is not here: those that NVIDIA's and Mesa's
 * drivers report for it under Deno.
 */
export const limitsOfDevice = (device: KnownDevice): AdapterLimits => ({
  software: device.perCore,
  subgroupSize: device.perCore ? 8 : 32,
  int64: true,
  f16: true,
  computeUnits: device.perCore ? 0 : device.computeUnits,
  // More than a kernel takes: lavapipe has 48, NVIDIA's driver far more.
  storageBindings: 48,
  maxBindingBytes: device.perCore ? 2 ** 27 : 2 ** 31 - 256,
  maxBufferBytes: 2 ** 31 - 256,
  offsetAlignment: 32,
});
