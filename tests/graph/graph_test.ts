import { assert, assertEquals, assertThrows } from "@std/assert";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import {
  flatRanges,
  grid,
  MAX_WORKGROUPS,
  rowRanges,
} from "../../src/graph/dispatch_grid.ts";
import { Graph, type Operation } from "../../src/graph/graph.ts";
import type { DType } from "../../src/graph/tensor.ts";

const limits = (
  maxBindingBytes: number,
  offsetAlignment = 256,
): AdapterLimits => ({
  software: true,
  subgroupSize: 8,
  int64: false,
  maxBindingBytes,
  maxBufferBytes: 2 ** 31,
  offsetAlignment,
});

const tensor = (width: number) => new Graph().input("x", [1000, width]);

const nothing: Operation<null> = { name: "nothing", lower: () => [] };

Deno.test("Graph knows inputs and persistent tensors by their names", () => {
  const graph = new Graph();
  const w = graph.persistent("w", [2, 3]);
  assert(graph.persistent("w", [2, 3]) === w);
  assertEquals([...graph.externals.keys()], ["w"]);
  assertEquals(graph.input("tokens", [4], "u32").dtype, "u32");
});

Deno.test("Graph.add() counts writing onto a persistent tensor as an effect", () => {
  const graph = new Graph();
  const w = graph.persistent("w", [3]), x = graph.input("x", [3]);
  const output = [{ name: "y", shape: [3] }];
  const [y] = graph.add(nothing, [x], null, output);
  const [z] = graph.add(nothing, [x], null, output, { accumulateInto: y });
  const [v] = graph.add(nothing, [x], null, output, { accumulateInto: w });
  assertEquals([y, z, v].map((t) => t.node!.effect), [false, false, true]);
  assertEquals(v.node!.accumulateInto, w);
});

Deno.test("rowRanges() covers all rows, aligned and within one binding", () => {
  for (const width of [1, 5, 12, 45, 48]) {
    for (const alignment of [32, 256]) {
      const facts = limits(16_384, alignment);
      const ranges = rowRanges(1000, [tensor(width)], facts);
      let next = 0;
      for (const { start, count } of ranges) {
        assertEquals(start, next);
        assertEquals(start * width * 4 % alignment, 0);
        assert(count > 0 && count * width * 4 <= 16_384);
        next = start + count;
      }
      assertEquals(next, 1000);
    }
  }
});

Deno.test("rowRanges() refuses rows of which no aligned number fits", () => {
  assertThrows(
    () => rowRanges(1000, [tensor(45)], limits(4096)),
    RangeError,
    "Cannot cut 'x' ([1000,45]) to stretches of 64 of its 1000 rows: this adapter binds at most 4096 bytes",
  );
});

Deno.test("rowRanges() aligns rows of every width and type at once", () => {
  const graph = new Graph();
  const x = graph.input("x", [100, 64]), stats = graph.input("stats", [100, 2]);
  const half = graph.input("half", [100, 64], "f16");
  const ranges = rowRanges(100, [x, stats, half], limits(16_384));
  assertEquals(
    ranges.map((r) => [r.start, ...[x, stats, half].map((t) => r.of(t))]),
    [
      [0, ...[16_384, 512, 8192].map((size) => ({ offset: 0, size }))],
      [
        64,
        { offset: 16_384, size: 9216 },
        { offset: 512, size: 288 },
        { offset: 8192, size: 4608 },
      ],
    ],
  );
});

Deno.test("flatRanges() ends each stretch on whole vec4s", () => {
  const found = (elements: number, dtype: DType) =>
    flatRanges(elements, limits(1024)).map(({ start, count, of }) => {
      const { offset, size } = of({ shape: [elements], dtype });
      return [start, count, offset, size];
    });
  assertEquals(found(7, "f32"), [[0, 7, 0, 32]]);
  assertEquals(found(300, "f32"), [[0, 256, 0, 1024], [256, 44, 1024, 176]]);
  assertEquals(found(300, "f16"), [[0, 256, 0, 512], [256, 44, 512, 88]]);
});

Deno.test("grid() stays within the workgroups of one dimension", () => {
  assertEquals(grid(7), [7, 1, 1]);
  assertEquals(grid(MAX_WORKGROUPS), [MAX_WORKGROUPS, 1, 1]);
  assertEquals(grid(MAX_WORKGROUPS + 1), [MAX_WORKGROUPS, 2, 1]);
});
