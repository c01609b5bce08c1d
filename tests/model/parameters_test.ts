import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  fromDevice,
  joinParameters,
  packParameters,
  type ParameterSpec,
  startOf,
  toDevice,
} from "../../src/model/parameters.ts";

const parameter = (name: string, shape: number[]): ParameterSpec => ({
  name,
  shape,
  init: { kind: "constant", value: 0 },
  trainable: true,
});

const PARAMETERS = [
  parameter("w", [5, 7]),
  parameter("b", [7]),
  parameter("v", [64, 2]),
  parameter("g", [1]),
];

const isDecayed = ({ name }: ParameterSpec) => name === "w" || name === "v";

Deno.test("packParameters() puts decayed parameters first, each on 256 bytes", () => {
  const { shards, positions } = packParameters(PARAMETERS, 2 ** 20, isDecayed);
  assertEquals(Object.fromEntries(positions), {
    w: { shard: 0, offset: 0, bytes: 140 },
    v: { shard: 0, offset: 256, bytes: 512 },
    b: { shard: 0, offset: 768, bytes: 28 },
    g: { shard: 0, offset: 1024, bytes: 4 },
  });
  assertEquals(shards, [{ elements: 320, decayed: 192 }]);
});

Deno.test("packParameters() opens a shard where a buffer is full", () => {
  const { shards, positions } = packParameters(PARAMETERS, 768, isDecayed);
  assertEquals(shards, [
    { elements: 192, decayed: 192 },
    { elements: 128, decayed: 0 },
  ]);
  assertEquals(positions.get("b"), { shard: 1, offset: 0, bytes: 28 });
  for (const { shard, offset, bytes } of positions.values()) {
    assert(offset + bytes <= 4 * shards[shard].elements);
  }
});

Deno.test("packParameters() says which parameter no buffer holds", () => {
  assertThrows(
    () => packParameters(PARAMETERS, 256, isDecayed),
    RangeError,
    "Cannot place 'v' ([64,2], 512 bytes): this adapter's buffers hold at most 256 bytes",
  );
});

Deno.test("packParameters() keeps the order where nothing is decayed", () => {
  const { shards, positions } = packParameters(PARAMETERS, 2 ** 20);
  assertEquals([...positions.keys()], ["w", "b", "v", "g"]);
  assertEquals(shards, [{ elements: 320, decayed: 0 }]);
});

Deno.test("packParameters() places joined parameters side by side", () => {
  const [w, b, , g] = PARAMETERS, u = parameter("u", [5, 3]);
  const whole = joinParameters("wu", [w, u], true);
  assertEquals(whole.shape, [10, 5]);
  const { shards, positions } = packParameters(
    [g, w, b, u],
    2 ** 20,
    ({ name }) => name === "w" || name === "u",
    256,
    [whole],
  );
  assertEquals(Object.fromEntries(positions), {
    wu: { shard: 0, offset: 0, bytes: 200 },
    w: { shard: 0, offset: 0, bytes: 140, transposed: [5, 7] },
    u: { shard: 0, offset: 140, bytes: 60, transposed: [5, 3] },
    g: { shard: 0, offset: 256, bytes: 4 },
    b: { shard: 0, offset: 512, bytes: 28 },
  });
  assertEquals(shards, [{ elements: 192, decayed: 64 }]);
  assertThrows(
    () => packParameters([w, u], 256, isDecayed, 256, [whole]),
    RangeError,
    "Weight decay differs in 'wu'",
  );
});

Deno.test("what lies transposed comes back as it was", () => {
  const position = { shard: 0, offset: 0, bytes: 24, transposed: [2, 3] };
  const values = Float32Array.of(0, 1, 2, 10, 11, 12);
  const placed = toDevice(position, values);
  assertEquals([...placed], [0, 10, 1, 11, 2, 12]);
  assertEquals(fromDevice(position, Float32Array.from(placed)), values);
});

Deno.test("joinParameters() of biases and of [out, in] is a row block", () => {
  const whole = joinParameters("w", [
    parameter("a", [2, 5]),
    parameter("c", [3, 5]),
  ]);
  assertEquals([whole.shape, startOf(whole, "c")], [[5, 5], 10]);
  const bias = joinParameters("b", [parameter("a", [2]), parameter("c", [3])]);
  assertEquals([bias.shape, startOf(bias, "c")], [[5], 2]);
});

Deno.test("packParameters() of nothing is nothing", () => {
  assertEquals(packParameters([], 256).shards, []);
});
