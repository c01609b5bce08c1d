/**
 * The words in which an operation asks for work on the device: plain data,
 * nothing here touches WebGPU.
 * @module
 */
import type { Tensor } from "./tensor.ts";

/** What the choice of a kernel may depend on: facts asked of one adapter. */
export interface AdapterLimits {
  /** A software driver (lavapipe, SwiftShader): barriers and shared memory are slow there. */
  software: boolean;
  /** Lanes of every subgroup, or 0 where there are none or their number varies. */
  subgroupSize: number;
  /** 64-bit integers in kernels: two words a load, which halves the loads' cost on lavapipe. */
  int64: boolean;
  /** Largest storage binding, in bytes. */
  maxBindingBytes: number;
  /** Largest buffer, in bytes. */
  maxBufferBytes: number;
  /** Alignment of a storage binding's offset, in bytes. */
  offsetAlignment: number;
}

/** A compile-time constant of a kernel. A string is WGSL text, e.g. `"1e-5f"`. */
export type Constant = number | boolean | string;

/** A range of a tensor as one storage binding. */
export interface Binding {
  tensor: Tensor;
  access: "read" | "write" | "readwrite";
  /** First byte; a multiple of the adapter's offset alignment. 0 if absent. */
  offset?: number;
  /** Bytes bound. Up to the tensor's end if absent. */
  size?: number;
}

/** One dispatch of one kernel. */
export interface Dispatch {
  /** File name in `kernels/`, without `.wgsl`. */
  kernel: string;
  /** Written as `const NAME = value` above the kernel; integers become `u32`. */
  constants: Record<string, Constant>;
  /** Words of the uniform block at `@binding(0)`: u32, or f32 where wrapped by {@linkcode f32}. */
  params: (number | Float32Word)[];
  /** `@binding(1)` and on, in order. */
  bindings: Binding[];
  workgroups: [number, number, number];
  /** Floating point operations, a multiply-add being two. */
  flops: number;
  /** Bytes that must cross the memory bus at the least. */
  bytes: number;
  /** Kernels that compute the same; the tuner takes the fastest. The dispatch itself is the best guess. */
  choice?: KernelVariants | undefined;
}

/** Several kernels for one piece of work. */
export interface KernelVariants {
  /** Equal keys cost the same: operation, layout, shape. */
  key: string;
  variants: { name: string; dispatch: Dispatch }[];
}

/** A parameter word holding a float. */
export interface Float32Word {
  f32: number;
}

/** Marks a parameter word as a float. */
export const f32 = (value: number): Float32Word => ({ f32: value });
