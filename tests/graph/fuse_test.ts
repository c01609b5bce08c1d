import { assertEquals } from "@std/assert";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { fuseNodes } from "../../src/graph/fuse.ts";
import { Graph } from "../../src/graph/graph.ts";
import {
  type Activation,
  activation,
  ACTIVATIONS,
} from "../../src/graph/ops/elementwise/activation.ts";
import {
  residualSum,
  weightedSum,
} from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import {
  type Check,
  checkHalf,
  checkOperation,
  given,
} from "../helpers/check_operation.ts";
import { deviceTest, GPU_KERNELS } from "../helpers/device.ts";
import { activations } from "../reference/activation.ts";
import * as reference from "../reference/linear.ts";

const SLOPE = 0.1, GAIN = -0.75, SKIP = 0.5;

/** An MLP from N rows of D features to F and back, with its skip. */
function mlp(kind: Activation, [N, D, F]: number[], outIn = false): Check {
  const x = given(1, [N, D]);
  const w1 = given(2, outIn ? [F, D] : [D, F]), b1 = given(3, [F]);
  const w2 = given(4, outIn ? [D, F] : [F, D]), b2 = given(5, [D]);
  const up = { N, I: D, O: F, outIn }, down = { N, I: F, O: D, outIn };
  const { f, df } = activations[kind];
  const z = reference.linear(x.values, w1.values, b1.values, up);
  const h = z.map((v) => f(v, SLOPE));
  const branch = reference.linear(h, w2.values, b2.values, down);
  const layout = outIn ? "out_in" : "in_out";
  return {
    activations: { x },
    parameters: { w1, b1, w2, b2 },
    build(graph, { x, w1, b1, w2, b2 }) {
      const z = linear(graph, "z", x, w1, b1, layout);
      const h = activation(graph, "h", z, kind, SLOPE);
      return residualSum(graph, "y", [
        { x: linear(graph, "branch", h, w2, b2, layout), gain: GAIN },
        { x, gain: SKIP },
      ]);
    },
    y: branch.map((v, i) => GAIN * v + SKIP * x.values[i]),
    gradients(dy) {
      const scaled = dy.map((v) => GAIN * v);
      const second = reference.linearGradient(scaled, h, w2.values, down);
      const dz = second.x.map((v, i) => v * df(z[i], SLOPE));
      const first = reference.linearGradient(dz, x.values, w1.values, up);
      return {
        x: first.x.map((v, i) => v + SKIP * dy[i]),
        w1: first.w,
        b1: first.b,
        w2: second.w,
        b2: second.b,
      };
    },
  };
}

/** Widths that the plain kernel alone takes, and that tiles take. */
const PLAIN = [7, 5, 45], TILED = [37, 12, 20];

deviceTest("products with an activation in their store hold", async () => {
  await checkOperation(mlp("gelu_new", TILED, true));
  await checkOperation(mlp("leaky_relu", TILED), { limits: GPU_KERNELS });
});

deviceTest("products with an epilogue hold cut to small bindings", async () => {
  const limits = { maxBindingBytes: 64 * 45 * 4 };
  await checkOperation(mlp("gelu_new", [130, 5, 45]), { limits });
});

for (const kind of Object.keys(ACTIVATIONS) as Activation[]) {
  deviceTest(`products with ${kind} in their store hold`, async () => {
    await checkOperation(mlp(kind, PLAIN));
  });
}

deviceTest("products with an epilogue hold for f16 tensors", async () => {
  const stores = 6;
  for (const kind of ["gelu_new", "leaky_relu"] as const) {
    await checkHalf(() => mlp(kind, PLAIN), {}, stores);
  }
  const cut = { limits: { maxBindingBytes: 128 * 45 * 4 } };
  await checkHalf(() => mlp("gelu_new", [290, 5, 45]), cut, stores);
  // Tiles take long to compile.
  await checkHalf(() => mlp("gelu", TILED), {}, stores, ["f32"]);
});

const SOFTWARE: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: false,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

/**
 * A graph with x and w, and the operations that remain of what `build` adds.
 */
function fused(build: Parameters<typeof built>[0]): string[] {
  const { graph, fetch } = built(build);
  return fuseNodes(graph.nodes, fetch, SOFTWARE).map((node) =>
    `${node.operation.name} ${node.outputs.map((t) => t.name)}`
  );
}

function built(
  build: (
    graph: Graph,
    x: ReturnType<Graph["input"]>,
    apply: (name: string) => ReturnType<Graph["input"]>,
  ) => ReturnType<Graph["input"]>[],
) {
  const graph = new Graph(), x = graph.input("x", [4, 8]);
  const w = graph.persistent("w", [8, 8]);
  const apply = (name: string) =>
    linear(graph, name, x, w, undefined, "in_out");
  return { graph, fetch: build(graph, x, apply) };
}

Deno.test("fuseNodes() keeps a result that others read", () => {
  assertEquals(
    fused((graph, _, apply) => {
      const z = apply("z");
      return [activation(graph, "y", z, "relu"), z];
    }),
    ["linear y,z"],
  );
  // A residual would leave no place for it.
  assertEquals(
    fused((graph, x, apply) => {
      const z = apply("z");
      const branches = [{ x: z, gain: 1 }, { x, gain: 1 }];
      return [weightedSum(graph, "y", branches), z];
    }),
    ["linear z", "weighted_sum y"],
  );
});

Deno.test("fuseNodes() joins one of two products with their sum", () => {
  assertEquals(
    fused((graph, _, apply) => {
      const branches = ["a", "b"].map((name) => ({ x: apply(name), gain: 2 }));
      return [weightedSum(graph, "y", branches)];
    }),
    ["linear b", "linear y"],
  );
});

Deno.test("fuseNodes() leaves sums with trained gains, of one product, or of three", () => {
  const gain = new Graph().persistent("gain", [1]);
  for (
    const [gains, result] of [[[gain, 1], "y"], [[1, 1, 1], "y"]] as const
  ) {
    assertEquals(
      fused((graph, x, apply) => {
        const [first, ...rest] = gains;
        return [weightedSum(graph, "y", [
          { x: apply("z"), gain: first },
          ...rest.map((gain) => ({ x, gain })),
        ])];
      }),
      ["linear z", `weighted_sum ${result}`],
    );
  }
  assertEquals(
    fused((graph, _, apply) => {
      const z = apply("z");
      return [
        weightedSum(graph, "y", [{ x: z, gain: 1 }, { x: z, gain: 1 }]),
      ];
    }),
    ["linear z", "weighted_sum y"],
  );
});
