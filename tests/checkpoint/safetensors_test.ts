import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  type Dtype,
  SafetensorsFile,
  writeSafetensors,
} from "../../src/checkpoint/safetensors.ts";
import { UserError } from "../../src/errors.ts";
import { tempDir } from "../helpers/files.ts";

const bytesOf = (array: ArrayBufferView<ArrayBuffer>) =>
  new Uint8Array(array.buffer);

Deno.test("writeSafetensors() makes the bytes that the format prescribes", async () => {
  using dir = tempDir();
  const path = join(dir.path, "a.safetensors");
  await writeSafetensors(
    path,
    [{ name: "b", dtype: "U8", shape: [3] }, {
      name: "a",
      dtype: "F32",
      shape: [],
    }],
    (name) =>
      name === "b"
        ? new Uint8Array([7, 8, 9])
        : bytesOf(new Float32Array([1.5])),
    { format: "pt" },
  );
  const json = '{"__metadata__":{"format":"pt"},' +
    '"b":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},' +
    '"a":{"dtype":"F32","shape":[],"data_offsets":[3,7]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8, " ");
  assertEquals([...Deno.readFileSync(path)], [
    padded.length,
    ...[0, 0, 0, 0, 0, 0, 0],
    ...new TextEncoder().encode(padded),
    ...[7, 8, 9],
    ...[0, 0, 0xc0, 0x3f],
  ]);
});

Deno.test("SafetensorsFile.read() returns each dtype as written", async () => {
  using dir = tempDir();
  const path = join(dir.path, "all.safetensors");
  const written: Record<string, [Dtype, ArrayBufferView<ArrayBuffer>]> = {
    f64: ["F64", new Float64Array([Math.PI, -0])],
    f32: ["F32", new Float32Array([1e-40, NaN])],
    i64: ["I64", new BigInt64Array([-(2n ** 63n), 5n])],
    i32: ["I32", new Int32Array([-1, 2 ** 31 - 1])],
    i16: ["I16", new Int16Array([-32768, 1])],
    i8: ["I8", new Int8Array([-128, 127])],
    u64: ["U64", new BigUint64Array([2n ** 64n - 1n, 0n])],
    u32: ["U32", new Uint32Array([2 ** 32 - 1, 0])],
    u16: ["U16", new Uint16Array([65535, 0])],
    u8: ["U8", new Uint8Array([255, 0])],
    bool: ["BOOL", new Uint8Array([1, 0])],
  };
  await writeSafetensors(
    path,
    Object.entries(written).map(([name, [dtype]]) => ({
      name,
      dtype,
      shape: [2],
    })),
    (name) => bytesOf(written[name][1]),
  );
  using file = SafetensorsFile.open(path);
  assertEquals(file.names(), Object.keys(written));
  for (const [name, [dtype, array]] of Object.entries(written)) {
    assertEquals(file.info(name).dtype, dtype);
    assertEquals(file.info(name).shape, [2]);
    assertEquals(file.read(name), array as Uint8Array<ArrayBuffer>, name);
  }
  assertEquals([...file.readFloat32("f64")], [Math.fround(Math.PI), -0]);
  assertThrows(() => file.readFloat32("i32"), UserError, "floating-point");
  assertThrows(() => file.read("none"), UserError, "no tensor 'none'");
});

Deno.test("SafetensorsFile.read() widens F16 and BF16 exactly", async () => {
  using dir = tempDir();
  const path = join(dir.path, "half.safetensors");
  // One, the largest, the smallest subnormal, minus infinity; then bfloat16.
  const half = new Uint16Array([0x3c00, 0x7bff, 0x0001, 0xfc00]);
  const brain = new Uint16Array([0x3f80, 0x7f7f, 0x0001, 0xff80]);
  await writeSafetensors(path, [
    { name: "f16", dtype: "F16", shape: [2, 2] },
    { name: "bf16", dtype: "BF16", shape: [4] },
  ], (name) => bytesOf(name === "f16" ? half : brain));
  using file = SafetensorsFile.open(path);
  assertEquals(
    file.read("f16"),
    new Float32Array([1, 65504, 2 ** -24, -Infinity]),
  );
  assertEquals(
    file.read("bf16"),
    new Float32Array([1, (2 - 2 ** -7) * 2 ** 127, 2 ** -133, -Infinity]),
  );
});

Deno.test("SafetensorsFile.readBytes() reads a part alone", async () => {
  using dir = tempDir();
  const path = join(dir.path, "part.safetensors");
  await writeSafetensors(path, [
    { name: "x", dtype: "U8", shape: [4] },
    { name: "y", dtype: "U8", shape: [2, 5] },
  ], (name) => new Uint8Array(name === "x" ? 4 : 10).map((_, i) => i + 1));
  using file = SafetensorsFile.open(path);
  assertEquals([...file.readBytes("y", 2, 5)], [3, 4, 5]);
  assertEquals([...file.readBytes("y", 10)], []);
  assertThrows(() => file.readBytes("y", 5, 11), RangeError);
  assertThrows(() => file.readBytes("y", -1), RangeError);
});

Deno.test("writeSafetensors() keeps the order and any name, and equal calls make equal files", async () => {
  using dir = tempDir();
  // Names that a plain object would reorder, lose, or that need escapes.
  const names = ["2", "1", "__proto__", 'q"\\\n', "é😀", "constructor"];
  const entries = names.map((
    name,
  ) => ({ name, dtype: "U8", shape: [1] } as const));
  const paths = ["a", "b"].map((name) => join(dir.path, name));
  for (const path of paths) {
    await writeSafetensors(
      path,
      entries,
      (name) => new Uint8Array([names.indexOf(name)]),
      // Given in either order, metadata is sorted.
      path === paths[0] ? { x: "1", y: "2" } : { y: "2", x: "1" },
    );
  }
  assertEquals(Deno.readFileSync(paths[0]), Deno.readFileSync(paths[1]));
  using file = SafetensorsFile.open(paths[0]);
  assertEquals(file.names(), names);
  assertEquals(file.metadata, { x: "1", y: "2" });
  names.forEach((name, i) => assertEquals([...file.readBytes(name)], [i]));
});

Deno.test("writeSafetensors() takes chunks from plain and asynchronous generators", async () => {
  using dir = tempDir();
  const path = join(dir.path, "chunks");
  const asked: string[] = [];
  await writeSafetensors(path, [
    { name: "a", dtype: "U16", shape: [3] },
    { name: "empty", dtype: "F32", shape: [0, 4] },
    { name: "b", dtype: "U8", shape: [4] },
  ], (name) => {
    asked.push(name);
    if (name === "empty") return [];
    if (name === "a") {
      return (function* () {
        for (let i = 0; i < 3; i++) yield new Uint8Array([i, 0]);
      })();
    }
    return (async function* () {
      for (let i = 0; i < 4; i++) yield await new Uint8Array([i * 2]);
    })();
  });
  assertEquals(asked, ["a", "empty", "b"]);
  using file = SafetensorsFile.open(path);
  assertEquals([...file.readBytes("a")], [0, 0, 1, 0, 2, 0]);
  assertEquals(file.read("empty").length, 0);
  assertEquals([...file.readBytes("b")], [0, 2, 4, 6]);
});

Deno.test("writeSafetensors() refuses wrong byte counts, repeated names and bad shapes, and leaves no file", async () => {
  using dir = tempDir();
  const path = join(dir.path, "never");
  const make = (shape: number[], chunks: Uint8Array[], names = ["a"]) =>
    writeSafetensors(
      path,
      names.map((name) => ({ name, dtype: "F32", shape })),
      () => chunks,
    );
  const four = new Uint8Array(4);
  await assertRejects(
    () => make([2], [four]),
    RangeError,
    "needs 8 bytes: got 4",
  );
  await assertRejects(() => make([1], [four, four]), RangeError, "got more");
  await assertRejects(() => make([1], [four], ["a", "a"]), RangeError, "twice");
  await assertRejects(
    () => make([-1], [four]),
    RangeError,
    "cannot be F32 [-1]",
  );
  await assertRejects(
    () => make([2 ** 40, 2 ** 40], []),
    RangeError,
    "cannot be",
  );
  assertEquals([...Deno.readDirSync(dir.path)], []);
  await assertRejects(
    () => writeSafetensors(join(dir.path, "no", "where"), [], () => four),
    UserError,
    "it does not exist",
  );
});

Deno.test("SafetensorsFile.open() takes metadata that is null for none", () => {
  using dir = tempDir();
  const path = join(dir.path, "model.safetensors");
  const json =
    '{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}';
  const bytes = new TextEncoder().encode(json);
  Deno.writeFileSync(
    path,
    Uint8Array.from([bytes.length, 0, 0, 0, 0, 0, 0, 0, ...bytes, 7]),
  );
  using file = SafetensorsFile.open(path);
  assertEquals(file.metadata, {});
  assertEquals([...file.read("a") as Uint8Array], [7]);
});
