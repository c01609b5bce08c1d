import { Graph } from "../../../../src/graph/graph.ts";
import { embed } from "../../../../src/graph/ops/embedding/embedding.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../../../helpers/check_operation.ts";
import {
  deviceTest,
  gpu,
  GPU_KERNELS,
  runGraph,
} from "../../../helpers/device.ts";
import * as reference from "../../../reference/embed.ts";
import { assertClose, integers, randoms } from "../../../reference/numbers.ts";

/** Rows sorted by token, equal tokens in their order. */
const sorted = (tokens: Uint32Array) =>
  Uint32Array.from(tokens.keys()).sort((a, b) =>
    tokens[a] - tokens[b] || a - b
  );

interface Options {
  positions?: boolean;
  first?: number;
  scale?: number;
  padding?: number;
  tokens?: Uint32Array;
}

/** B sequences of T tokens of V kinds, D wide. */
function embedded([B, T, V, D]: number[], options: Options = {}): Check {
  const { positions = true, first = 0, scale = 1, padding } = options;
  const tokens = options.tokens ?? integers(B * T, 5, V);
  const table = given(1, [V, D]), places = given(2, [T + first + 3, D]);
  const shape = { T, D, first, scale, padding };
  const attrs = {
    sequenceLength: T,
    firstPosition: first,
    scale,
    paddingToken: padding,
  };
  return {
    // The table is a parameter: its gradient is only ever added onto.
    activations: {},
    parameters: positions ? { table, positions: places } : { table },
    inputs: { tokens, order: sorted(tokens) },
    build: (graph, { tokens, order, table, positions }) =>
      embed(graph, "y", { tokens, order, table, positions }, attrs),
    y: reference.embed(
      tokens,
      table.values,
      positions ? places.values : undefined,
      shape,
    ),
    gradients: (dy) => ({
      ...reference.embedGradient(
        dy,
        tokens,
        { table: V * D, positions: places.values.length },
        shape,
      ),
    }),
  };
}

deviceTest("embed() holds on odd shapes", async () => {
  await checkOperation(embedded([3, 1, 7, 5]));
  await checkOperation(embedded([1, 33, 101, 45]));
  await checkOperation(embedded([3, 20, 101, 48]));
  await checkOperation(embedded([2, 7, 7, 12], { positions: false }));
});

deviceTest(
  "embed() holds with a scale, later positions and a padding token",
  async () => {
    const options = { first: 2, scale: Math.fround(Math.sqrt(45)), padding: 3 };
    await checkOperation(embedded([3, 7, 7, 45], options));
  },
);

deviceTest("embed() adds up a token that is everywhere", async () => {
  const tokens = new Uint32Array(66).fill(6);
  await checkOperation(embedded([2, 33, 7, 12], { tokens }));
});

deviceTest("embed() holds with the kernels of GPUs", async () => {
  await checkOperation(embedded([3, 20, 101, 48]), { limits: GPU_KERNELS });
});

deviceTest("embed() holds with a table cut to small bindings", async () => {
  // 64 rows of 45 floats are the fewest that end on 256 bytes.
  const limits = { maxBindingBytes: 64 * 45 * 4 };
  await checkOperation(embedded([1, 33, 200, 45]), { limits });
  await checkOperation(embedded([1, 33, 200, 12]), {
    limits: { maxBindingBytes: 4096 },
  });
});

deviceTest(
  "embed() reads and writes a table larger than one binding",
  async () => {
    const { limits } = await gpu();
    const V = 6_720_000, D = 5;
    // Real where a binding holds less than these 134.4 MB, cut by force
    // elsewhere.
    const limit = Math.min(limits.maxBindingBytes, 2 ** 27);
    const graph = new Graph();
    // The first and last row, and those where 128 MiB of rows end and go on.
    const places = Uint32Array.of(
      0,
      V - 1,
      6_710_847,
      6_710_848,
      123_456,
      V - 1,
      1,
    );
    const tokens = graph.input("tokens", [7], "u32");
    const order = graph.input("order", [7], "u32");
    const table = graph.persistent("table", [V, D]);
    const y = embed(graph, "y", { tokens, order, table }, {
      sequenceLength: 7,
      firstPosition: 0,
      scale: 1,
    });
    const values = new Float32Array(V * D), row = randoms(D, 1);
    for (const token of places) {
      row.forEach((x, i) => values[token * D + i] = x + token % 13);
    }
    const { fetched } = await runGraph(
      graph,
      { tokens: places, order: sorted(places), table: values },
      [y],
      { limits: { maxBindingBytes: limit } },
    );
    const want = [...places].flatMap((token) =>
      [...row].map((x) => Math.fround(x + token % 13))
    );
    assertClose("y", fetched[0], want, { relative: 0, absolute: 0 });
  },
);

deviceTest("embed() holds for f16 tensors", async () => {
  await checkHalf(() => embedded([1, 33, 101, 45]));
  await checkHalf(() => embedded([3, 20, 101, 48]), { limits: GPU_KERNELS });
});
