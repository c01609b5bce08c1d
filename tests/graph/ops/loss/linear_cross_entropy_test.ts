import { assertEquals, assertThrows } from "@std/assert";
import { differentiate } from "../../../../src/graph/differentiate.ts";
import type { AdapterLimits } from "../../../../src/graph/dispatch.ts";
import { Graph } from "../../../../src/graph/graph.ts";
import {
  residualSum,
  weightedSum,
} from "../../../../src/graph/ops/elementwise/weighted_sum.ts";
import {
  blockRows,
  linearCrossEntropy,
} from "../../../../src/graph/ops/loss/linear_cross_entropy.ts";
import type { Tensor } from "../../../../src/graph/tensor.ts";
import {
  HALF_ROUNDOFF,
  seedGradients,
} from "../../../helpers/check_operation.ts";
import {
  deviceTest,
  gpu,
  GPU_KERNELS,
  NO_SUBGROUPS,
  runGraph,
  type RunOptions,
} from "../../../helpers/device.ts";
import * as reference from "../../../reference/linear_cross_entropy.ts";
import { assertClose, integers, randoms } from "../../../reference/numbers.ts";

/**
 * A head with numbers, on N rows of D features and V classes.
 *
 * @param halves numbers that f16 has
 */
function head(
  [N, D, V]: number[],
  targets = integers(N, 3, V),
  halves = false,
) {
  // Not 1 / N: any scale, as accumulation has it.
  const scale = Math.fround(0.7 / N);
  const numbers = (n: number, seed: number) => {
    const x = randoms(n, seed);
    return halves ? Float64Array.from(new Float16Array(x)) : x;
  };
  const h = numbers(N * D, 1), w = numbers(V * D, 2);
  return {
    values: { h, w, targets, scale: [scale], loss: [0.25] },
    want: reference.linearCrossEntropy(h, w, targets, { N, D, V, scale }),
    /** Adds the head to a graph, on features that are given or a parameter. */
    build(graph: Graph, features?: Tensor): Tensor {
      return linearCrossEntropy(graph, {
        h: features ?? graph.persistent("h", [N, D]),
        weight: graph.persistent("w", [V, D]),
        targets: graph.input("targets", [N], "u32"),
        scale: graph.input("scale", [1]),
        loss: graph.persistent("loss", [1]),
      });
    },
  };
}

/**
 * Compares the loss alone, and the loss with gradients added onto earlier ones.
 */
async function check(
  shape: number[],
  { targets, ...options }: RunOptions & { targets?: Uint32Array } = {},
) {
  const { values, want, build } = head(shape, targets);
  const alone = new Graph();
  build(alone);
  const forward = await runGraph(alone, values, [], options);
  assertClose("loss alone", forward.after.loss, [0.25 + want.loss]);

  const graph = new Graph(), root = build(graph);
  const parameters = ["h", "w"].map((name) => graph.externals.get(name)!);
  differentiate(graph, root, parameters);
  const [dh, dw] = [want.h, want.w].map((g, i) => randoms(g.length, 50 + i));
  const before = { "grad.h": dh, "grad.w": dw };
  const { after } = await runGraph(
    graph,
    { ...values, ...before },
    [],
    options,
  );
  assertClose("loss", after.loss, [0.25 + want.loss]);
  assertClose("grad.h", after["grad.h"], dh.map((x, i) => x + want.h[i]));
  assertClose("grad.w", after["grad.w"], dw.map((x, i) => x + want.w[i]));
}

deviceTest("linearCrossEntropy() holds on odd shapes", async () => {
  await check([1, 5, 7]);
  await check([7, 45, 101]);
  await check([33, 5, 7]);
});

deviceTest("linearCrossEntropy() holds for f16 tensors", async () => {
  if (!(await gpu()).limits.f16) return console.log("skipped: no shader-f16");
  for (
    const { shape, residual, limits } of [
      { shape: [7, 45, 101], residual: "f32", limits: {} },
      { shape: [20, 12, 101], residual: "f16", limits: {} },
      { shape: [33, 12, 101], residual: "f16", limits: GPU_KERNELS },
    ] as const
  ) {
    const { values, want, build } = head([...shape], undefined, true);
    const graph = new Graph({ activations: "f16", residual });
    // -1 · -h is h to the bit, in f32 or f16.
    const source = graph.persistent("h", shape.slice(0, 2));
    const h = residualSum(graph, "relayed", [{ x: source, gain: -1 }]);
    const root = build(graph, h);
    const w = graph.externals.get("w")!;
    differentiate(graph, root, [source, w]);
    const given = { ...values, h: values.h.map((x) => -x), "copy.w": values.w };
    const { after } = await runGraph(graph, given, [], { limits });
    // Logits are stored once, and their gradient.
    const near = { relative: 6 * HALF_ROUNDOFF, absolute: 1e-6 };
    assertClose("loss", after.loss, [0.25 + want.loss], near);
    assertClose("grad.h", after["grad.h"], want.h.map((x) => -x), near);
    assertClose("grad.w", after["grad.w"], want.w, near);
  }
});

deviceTest(
  "linearCrossEntropy() holds with the kernels of this adapter",
  async () => {
    await check([20, 12, 101]);
  },
);

deviceTest("linearCrossEntropy() leaves ignored targets out", async () => {
  const targets = integers(20, 3, 101);
  targets.set([0xffffffff, 101, 102, 103, 104], 5);
  await check([20, 45, 101], { targets });
  // Nothing counts at all.
  await check([7, 45, 101], { targets: new Uint32Array(7).fill(101) });
});

deviceTest("linearCrossEntropy() holds without subgroups", async () => {
  await check([7, 45, 101], { limits: NO_SUBGROUPS });
  await check([7, 45, 101], { limits: GPU_KERNELS });
  // Several loads per lane, the last of which lie behind the row.
  await check([3, 5, 1101], { limits: GPU_KERNELS });
});

deviceTest("linearCrossEntropy() gives the same bits twice", async () => {
  const { values, build } = head([130, 12, 600]);
  // Parts of the sum over the classes, and several blocks of tokens.
  const limits = { ...GPU_KERNELS, maxBufferBytes: 2 * 4 * 600 * 128 };
  const run = async () => {
    const graph = new Graph(), root = build(graph);
    const parameters = ["h", "w"].map((name) => graph.externals.get(name)!);
    differentiate(graph, root, parameters);
    const { plan, after } = await runGraph(graph, values, [], { limits });
    return { plan, after };
  };
  const first = await run(), second = await run();
  for (const name of ["loss", "grad.h", "grad.w"]) {
    assertEquals(first.after[name], second.after[name]);
  }
});

deviceTest(
  "linearCrossEntropy() holds with a weight cut to small bindings",
  async () => {
    await check([20, 45, 101], { limits: { maxBindingBytes: 64 * 45 * 4 } });
  },
);

deviceTest(
  "linearCrossEntropy() holds in several blocks of tokens",
  async () => {
    const N = 70, V = 1 << 18;
    const { limits } = await gpu();
    assertEquals(blockRows(N, V, { ...limits, software: true }), 64);
    const targets = integers(N, 3, V);
    targets[66] = V;
    await check([N, 5, V], { targets });
  },
);

deviceTest(
  "linearCrossEntropy() holds in the blocks that a GPU's buffers allow",
  async () => {
    // 140 rows of 104 logits in half a buffer; odd rows in the last block.
    const maxBufferBytes = 2 * 4 * 104 * 140;
    await check([301, 5, 101], { limits: { ...GPU_KERNELS, maxBufferBytes } });
  },
);

Deno.test("blockRows() takes all tokens, or equal blocks that fit", () => {
  const limits: AdapterLimits = {
    software: false,
    subgroupSize: 32,
    int64: false,
    maxBindingBytes: 2 ** 31 - 256,
    maxBufferBytes: 2 ** 31 - 256,
    offsetAlignment: 256,
  };
  // 0.82 GB.
  assertEquals(blockRows(4096, 50_257, limits), 4096);
  // Two blocks, then three: no small rest.
  assertEquals(blockRows(8192, 50_257, limits), 4096);
  assertEquals(blockRows(12_288, 50_257, limits), 4096);
  assertEquals(blockRows(8192, 50_257, limits, "f16"), 8192);
  assertEquals(blockRows(6000, 50_257, limits), 3072);
  // WebGPU's smallest limits.
  const least = { maxBindingBytes: 2 ** 27, maxBufferBytes: 2 ** 28 };
  assertEquals(blockRows(4096, 50_257, { ...limits, ...least }), 640);
  assertEquals(blockRows(4096, 256, { ...limits, ...least }), 4096);
  const software = { ...limits, software: true };
  assertEquals(blockRows(4096, 50_257, software), 320);
  // 128 rows of f16 end where a binding may begin, whatever their width.
  assertEquals(blockRows(4096, 50_257, software, "f16"), 640);
  assertEquals(blockRows(1000, 350_000, software, "f16") % 128, 0);
});

deviceTest("linearCrossEntropy() holds for features far from 0", async () => {
  const { values, want, build } = head([7, 5, 101]);
  const graph = new Graph();
  build(graph);
  // Logits of up to 150, whose powers no float holds.
  const h = values.h.map((x) => 64 * x);
  const scale = values.scale[0];
  const shape = { N: 7, D: 5, V: 101, scale };
  const { loss } = reference.linearCrossEntropy(
    h,
    values.w,
    values.targets,
    shape,
  );
  const { after } = await runGraph(graph, { ...values, h });
  assertEquals(loss > 10 * want.loss, true);
  assertClose("loss", after.loss, [0.25 + loss]);
});

deviceTest(
  "linearCrossEntropy() adds onto the gradient that another use gave",
  async () => {
    const { values, want, build } = head([7, 45, 101]);
    const { h, ...others } = values;
    const graph = new Graph();
    const source = graph.persistent("source", [7, 45]);
    const features = weightedSum(graph, "h", [{ x: source, gain: -1 }]);
    const root = build(graph, features);
    const again = weightedSum(graph, "again", [{ x: features, gain: 0.5 }]);
    const dy = graph.input("dy", [7, 45]);
    const dyValues = randoms(h.length, 8);
    const seed = seedGradients(graph, [[root, dy], [again, dy]]);
    differentiate(graph, seed, [source]);
    const { after } = await runGraph(graph, {
      ...others,
      source: h.map((x) => -x),
      dy: dyValues,
    });
    const wanted = dyValues.map((g, i) => -(0.5 * g + want.h[i]));
    assertClose("grad.source", after["grad.source"], wanted);
    assertClose("loss", after.loss, [0.25 + want.loss]);
  },
);

deviceTest(
  "linearCrossEntropy() trains the weight where the features are fixed",
  async () => {
    const { values, want, build } = head([7, 45, 101]);
    const graph = new Graph(), root = build(graph);
    differentiate(graph, root, [graph.externals.get("w")!]);
    const { after } = await runGraph(graph, values);
    assertClose("grad.w", after["grad.w"], want.w);
    assertClose("loss", after.loss, [0.25 + want.loss]);
  },
);

Deno.test("linearCrossEntropy() refuses targets for other rows", () => {
  const graph = new Graph();
  assertThrows(
    () =>
      linearCrossEntropy(graph, {
        h: graph.input("h", [3, 4]),
        weight: graph.persistent("w", [5, 4]),
        targets: graph.input("targets", [4], "u32"),
        scale: graph.input("scale", [1]),
        loss: graph.persistent("loss", [1]),
      }),
    RangeError,
    "Cannot compare 3 predictions with 4 targets",
  );
});
