/**
 * What an operation asks the device to do: plain data, nothing here touches
 * WebGPU.
 * @module
 */
import type { Tensor } from "./tensor.ts";

/** What the choice of a kernel may depend on: facts about one adapter. */
export interface AdapterLimits {
  /**
   * A software driver (lavapipe, SwiftShader), where barriers and shared memory
   * are slow.
   */
  software: boolean;
  /**
   * Lanes of every subgroup, or 0 where there are none or their number varies.
   */
  subgroupSize: number;
  /**
   * 64-bit integers in kernels: two words per load, which halves the cost of
   * loads on lavapipe.
   */
  int64: boolean;
  /** Whether kernels may store f16. Absent means no. */
  f16?: boolean;
  /**
   * Processors that run workgroups side by side (an H100 has 132), 0 or absent
   * where unknown.
   */
  computeUnits?: number;
  /** Storage bindings of one kernel. Absent means 8, which WebGPU grants. */
  storageBindings?: number;
  /** Largest storage binding, in bytes. */
  maxBindingBytes: number;
  /** Largest buffer, in bytes. */
  maxBufferBytes: number;
  /** Alignment of a storage binding's offset, in bytes. */
  offsetAlignment: number;
}

/**
 * A compile-time constant of a kernel. A string is WGSL text, e.g. `"1e-5f"`.
 */
export type Constant = number | boolean | string;

/** Bytes of a tensor that a binding covers. */
export interface ByteRange {
  /** First byte; a multiple of the adapter's offset alignment. 0 if absent. */
  offset?: number;
  /** Bytes bound. Up to the tensor's end if absent. */
  size?: number;
}

/** A range of a tensor as one storage binding. */
export interface Binding extends ByteRange {
  tensor: Tensor;
  access: "read" | "write" | "readwrite";
}

const binding =
  (access: Binding["access"]) =>
  (tensor: Tensor, range: ByteRange = {}): Binding => ({
    ...range,
    tensor,
    access,
  });

/** A binding that the kernel only reads. */
export const read = binding("read");
/** A binding whose earlier contents do not matter. */
export const write = binding("write");
/** A binding that is added to, or of which only a part is written. */
export const readWrite = binding("readwrite");

/** A float among a kernel's parameters. */
export interface Float32Word {
  f32: number;
}

/** Marks a parameter as a float: a plain number is a `u32`. */
export const f32 = (value: number): Float32Word => ({ f32: value });

/**
 * Values of a WGSL struct of `u32` and `f32` by the names of its fields, in any
 * order.
 */
export type StructValues = Record<string, number | Float32Word>;

/**
 * One dispatch of one kernel. Its parameters and bindings go by the names that
 * the kernel declares; the order is the kernel's, and what does not match is
 * refused when the kernel is assembled.
 */
export interface Dispatch {
  /** File name in `kernels/`, without `.wgsl`. */
  kernel: string;
  /**
   * Written as `const NAME = value` above the kernel; integers become `u32`.
   */
  constants: Record<string, Constant>;
  /** The fields of the kernel's uniform struct. */
  params: StructValues;
  /** Tensors by the names of the kernel's storage variables. */
  bindings: Record<string, Binding>;
  workgroups: [number, number, number];
  /** Floating point operations; a multiply-add counts as two. */
  flops: number;
  /** Least bytes that must cross the memory bus. */
  bytes: number;
  /**
   * Kernels that compute the same; the tuner takes the fastest. The dispatch
   * itself stands for the first of them, the best guess: see
   * {@linkcode chosenLater}.
   */
  choice?: KernelVariants | undefined;
}

/** Several ways to do one piece of work. */
export interface KernelVariants {
  /** Equal keys cost the same: operation, layout, shape, element types. */
  key: string;
  /**
   * Never empty, the likely fastest first. Each runs its dispatches in order.
   */
  variants: { name: string; dispatches: Dispatch[] }[];
  /** Whether the first is known to be the fastest here, and not timed. */
  settled?: boolean | undefined;
}

/**
 * One entry of a list of dispatches for work with several variants: the first
 * dispatch of the first variant, with the FLOPs and bytes of all of them.
 */
export function chosenLater(
  key: string,
  variants: KernelVariants["variants"],
  settled = false,
): Dispatch {
  const [{ dispatches }] = variants;
  const sum = (of: "flops" | "bytes") =>
    dispatches.reduce((n, d) => n + d[of], 0);
  return {
    ...dispatches[0],
    flops: sum("flops"),
    bytes: sum("bytes"),
    choice: { key, variants, settled },
  };
}

/** A record with the same names and converted values. */
export const mapValues = <A, B>(
  record: Readonly<Record<string, A>>,
  convert: (value: A) => B,
): Record<string, B> =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, convert(value)]),
  );
