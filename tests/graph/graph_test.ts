import { assert, assertEquals, assertThrows } from "@std/assert";
import { Graph, type Operation } from "../../src/graph/graph.ts";
import {
  flatRanges,
  grid,
  MAX_WORKGROUPS,
  rowRanges,
} from "../../src/graph/dispatch_grid.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";

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
      const ranges = rowRanges(1000, width, facts);
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
    () => rowRanges(1000, 45, limits(4096)),
    RangeError,
    "Cannot cut rows of 45 elements: this adapter binds at most 4096 bytes",
  );
});

Deno.test("flatRanges() ends each stretch on whole vec4s", () => {
  assertEquals(flatRanges(7, limits(1024)), [
    { start: 0, count: 7, bytes: { offset: 0, size: 32 } },
  ]);
  assertEquals(flatRanges(300, limits(1024)), [
    { start: 0, count: 256, bytes: { offset: 0, size: 1024 } },
    { start: 256, count: 44, bytes: { offset: 1024, size: 176 } },
  ]);
});

Deno.test("grid() stays within the workgroups of one dimension", () => {
  assertEquals(grid(7), [7, 1, 1]);
  assertEquals(grid(MAX_WORKGROUPS), [MAX_WORKGROUPS, 1, 1]);
  assertEquals(grid(MAX_WORKGROUPS + 1), [MAX_WORKGROUPS, 2, 1]);
});
