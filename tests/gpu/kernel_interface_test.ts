import { assertEquals, assertThrows } from "@std/assert";
import {
  checkCall,
  type KernelCall,
  parseKernelInterface,
} from "../../src/gpu/kernel_interface.ts";

const CODE = `
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(5) var<storage, read_write> y: array<vec4f>;
// @group(0) @binding(9) var<storage, read> old: array<f32>;
@group(0) @binding(2)
var<storage, read> x: array<x_vec4>;
var<workgroup> shared: array<f32, 4>;
`;
const DECLARED = parseKernelInterface("some/kernel", CODE);

Deno.test("parseKernelInterface() reads the uniform block and the storage variables", () => {
  assertEquals(DECLARED.params, {
    binding: 0,
    layout: { name: "Params", fields: [{ name: "count", type: "u32" }] },
  });
  assertEquals(Object.fromEntries(DECLARED.storage), {
    y: { binding: 5, access: "read_write", anyElement: false },
    x: { binding: 2, access: "read", anyElement: true },
  });
});

Deno.test("parseKernelInterface() refuses numbers given twice and kernels without parameters", () => {
  for (
    const [code, message] of [
      [
        CODE.replace("(5)", "(2)"),
        "kernels/k.wgsl: 'y' and 'x' both have binding 2",
      ],
      [
        CODE.replace("uniform", "private"),
        "kernels/k.wgsl: declares no uniform block",
      ],
      [
        CODE.replace("struct", "alias"),
        "kernels/k.wgsl: declares no struct Params",
      ],
    ]
  ) {
    assertThrows(() => parseKernelInterface("k", code), SyntaxError, message);
  }
});

Deno.test("checkCall() names kernel and binding of what does not fit", () => {
  const x = { access: "read" }, y = { access: "write" };
  const right = { params: { count: 3 }, bindings: { x, y } };
  const check = (call: unknown) => checkCall(DECLARED, call as KernelCall);
  check(right);
  check({ ...right, bindings: { y: { access: "readwrite" }, x } });
  const half = (binding: { access: string }) => ({ ...binding, dtype: "f16" });
  check({ ...right, bindings: { x: half(x), y } });
  const wrong: [unknown, string][] = [
    [
      { ...right, bindings: { x, y: half(y) } },
      "'y' holds f32 alone: declare it as 'array<y_vec4>' to bind f16",
    ],
    [{ ...right, bindings: { x } }, "nothing is bound to 'y'"],
    [
      { ...right, bindings: { x, y, z: x } },
      "it declares no variable 'z': it has y, x",
    ],
    [
      { ...right, bindings: { x: y, y } },
      "'x' must be bound for 'read', as declared: got 'write'",
    ],
    [
      { ...right, bindings: { x, y: x } },
      "'y' must be bound for 'read_write', as declared: got 'read'",
    ],
    [{ ...right, params: {} }, "'count' of struct Params is missing"],
  ];
  for (const [call, message] of wrong) {
    const whole = `Cannot dispatch kernels/some/kernel.wgsl as ${message}`;
    assertThrows(() => check(call), TypeError, whole);
  }
});
