/**
 * What does a kernel expect of its caller? Reads the uniform struct and the
 * storage variables from the expanded WGSL, and compares dispatches with them:
 * names, types and order are stated in the kernel alone. Binding numbers may
 * have gaps, so that a tensor that some forms of a kernel lack keeps its
 * number.
 * @module
 */
import type { Binding, StructValues } from "../graph/dispatch.ts";
import type { DType } from "../graph/tensor.ts";
import {
  checkStruct,
  parseStruct,
  type StructLayout,
  withoutComments,
} from "./struct_layout.ts";

/** What a kernel declares. */
export interface KernelInterface {
  /** File name in `kernels/`, without `.wgsl`. */
  kernel: string;
  /** The uniform block and its binding number. */
  params: { binding: number; layout: StructLayout };
  /** Binding number and access of each storage variable. */
  storage: ReadonlyMap<string, StorageVariable>;
}

/** One storage variable of a kernel. */
export interface StorageVariable {
  binding: number;
  access: "read" | "read_write";
  /** Whether it can hold f16: see `Elements` in `wgsl.ts`. */
  anyElement: boolean;
}

/** What of a dispatch a kernel's interface decides about. */
export interface KernelCall {
  params: StructValues;
  bindings: Readonly<
    Record<string, Pick<Binding, "access"> & { dtype?: DType }>
  >;
}

/**
 * Reads what a kernel declares.
 *
 * @param kernel file name in `kernels/`, for messages
 * @param code its expanded WGSL
 * @throws {SyntaxError} where there is no uniform block, a struct has fields
 *   that the host cannot fill, or two variables share a binding number
 */
export function parseKernelInterface(
  kernel: string,
  code: string,
): KernelInterface {
  const text = withoutComments(code);
  const fault = (what: string) =>
    new SyntaxError(`kernels/${kernel}.wgsl: ${what}`);
  const taken = new Map<number, string>();
  let params: KernelInterface["params"] | undefined;
  const storage = new Map<string, StorageVariable>();
  const declaration =
    /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage, *read|storage, *read_write)>\s+(\w+)\s*:\s*(\w+)(?:<(\w+)>)?/g;
  for (
    const [, number, space, name, type, element] of text.matchAll(declaration)
  ) {
    const binding = Number(number), other = taken.get(binding);
    if (other) {
      throw fault(`'${other}' and '${name}' both have binding ${binding}`);
    }
    taken.set(binding, name);
    if (space === "uniform") {
      params = { binding, layout: parseStruct(kernel, text, type) };
    } else {
      const access = space.endsWith("read_write") ? "read_write" : "read";
      const anyElement =
        /^(\w+)_(elem|vec4|vec|words)$/.exec(element)?.[1] === name;
      storage.set(name, { binding, access, anyElement });
    }
  }
  if (!params) throw fault("declares no uniform block");
  return { kernel, params, storage };
}

/**
 * Compares a dispatch with what its kernel declares.
 *
 * @throws {TypeError} naming the kernel and the first parameter or binding that
 *   is missing, unknown, or of another type or access
 */
export function checkCall(kernel: KernelInterface, call: KernelCall): void {
  const cannot = `Cannot dispatch kernels/${kernel.kernel}.wgsl as`;
  checkStruct(cannot, kernel.params.layout, call.params);
  for (const [name, { access, anyElement }] of kernel.storage) {
    const given = call.bindings[name];
    if (!given) {
      throw new TypeError(`${cannot} nothing is bound to '${name}'`);
    }
    if ((given.access === "read") !== (access === "read")) {
      throw new TypeError(
        `${cannot} '${name}' must be bound for '${access}', as declared: got '${given.access}'`,
      );
    }
    if (given.dtype === "f16" && !anyElement) {
      throw new TypeError(
        `${cannot} '${name}' holds f32 alone: declare it as 'array<${name}_vec4>' to bind f16`,
      );
    }
  }
  for (const name in call.bindings) {
    if (!kernel.storage.has(name)) {
      throw new TypeError(
        `${cannot} it declares no variable '${name}': it has ${
          [...kernel.storage.keys()].join(", ")
        }`,
      );
    }
  }
}
