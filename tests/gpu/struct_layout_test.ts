import { assertEquals, assertThrows } from "@std/assert";
import {
  checkStruct,
  parseStruct,
  readStruct,
  structBytes,
  writeStruct,
} from "../../src/gpu/struct_layout.ts";
import { f32, type StructValues } from "../../src/graph/dispatch.ts";

const CODE = `
// struct Params { not: u32, this: u32 }
struct Other { a: f32 }
struct Params {
  rows: u32, eps: f32, // side by side
  /* and
     a */ last: u32,
}
`;
const LAYOUT = parseStruct("norm/norm", CODE, "Params");

Deno.test("parseStruct() reads fields in order, without comments", () => {
  assertEquals(LAYOUT, {
    name: "Params",
    fields: [
      { name: "rows", type: "u32" },
      { name: "eps", type: "f32" },
      { name: "last", type: "u32" },
    ],
  });
  assertEquals(structBytes(LAYOUT), 12);
});

Deno.test("parseStruct() names what it cannot read", () => {
  for (
    const [code, message] of [
      ["struct Q { a: u32 }", "kernels/x.wgsl: declares no struct P"],
      [
        "struct P { a: vec4f }",
        "kernels/x.wgsl: a field of struct P must be u32 or f32: 'a: vec4f'",
      ],
    ]
  ) assertThrows(() => parseStruct("x", code, "P"), SyntaxError, message);
});

Deno.test("writeStruct() lays values out as the struct says, readStruct() reads them", () => {
  const block = new ArrayBuffer(24);
  // The order of the record does not matter.
  const values = { last: 0xffffffff, rows: 7, eps: f32(0.5) };
  writeStruct(LAYOUT, values, new DataView(block), 8);
  const view = new DataView(block);
  assertEquals(view.getUint32(0, true), 0);
  assertEquals(view.getUint32(8, true), 7);
  assertEquals(view.getFloat32(12, true), 0.5);
  assertEquals(view.getUint32(16, true), 0xffffffff);
  assertEquals(readStruct(LAYOUT, block, 8), {
    rows: 7,
    eps: 0.5,
    last: 0xffffffff,
  });
});

Deno.test("checkStruct() names the field that does not fit", () => {
  const right = { rows: 1, eps: f32(1), last: 2 };
  checkStruct("Cannot run as", LAYOUT, right);
  const wrong: [StructValues, string][] = [
    [{ rows: 1, last: 2 }, "'eps' of struct Params is missing"],
    [{ ...right, width: 3 }, "no field 'width': it has rows, eps, last"],
    [
      { ...right, rows: f32(1) },
      "'rows' of struct Params must be a u32: got f32(1)",
    ],
    [{ ...right, eps: 1 }, "'eps' of struct Params must be an f32: got 1"],
    [{ ...right, rows: 1.5 }, "must be a u32: got 1.5"],
    [{ ...right, rows: -1 }, "must be a u32: got -1"],
    [{ ...right, last: 2 ** 32 }, "must be a u32: got 4294967296"],
    [{ ...right, last: NaN }, "must be a u32: got NaN"],
  ];
  for (const [values, message] of wrong) {
    const { message: said } = assertThrows(
      () => checkStruct("Cannot run as", LAYOUT, values),
      TypeError,
      message,
    );
    assertEquals(said.startsWith("Cannot run as "), true, said);
  }
});
