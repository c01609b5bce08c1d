import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  packParameters,
  type ParameterSpec,
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

Deno.test("packParameters() of nothing is nothing", () => {
  assertEquals(packParameters([], 256).shards, []);
});
