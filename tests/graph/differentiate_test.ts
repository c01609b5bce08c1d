import { assert, assertEquals } from "@std/assert";
import { differentiate } from "../../src/graph/differentiate.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { FP32, Graph, type StorageTypes } from "../../src/graph/graph.ts";
import { activation } from "../../src/graph/ops/elementwise/activation.ts";
import {
  residualSum,
  weightedSum,
} from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { checkHalf, given, seedGradients } from "../helpers/check_operation.ts";
import { deviceTest, type Ran, runGraph } from "../helpers/device.ts";
import { activations } from "../reference/activation.ts";
import * as reference from "../reference/linear.ts";
import { assertClose, randoms } from "../reference/numbers.ts";

const N = 7, D = 5, SHAPE = [N, D];

const LIMITS: AdapterLimits = {
  software: false,
  subgroupSize: 0,
  int64: false,
  f16: true,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 30,
  offsetAlignment: 256,
};
const { df } = activations.gelu;

/** Dispatches of a plan that copy a tensor before it is added onto. */
const copies = ({ plan }: Ran) =>
  plan.dispatches.filter((d) =>
    d.kernel === "elementwise/weighted_sum" &&
    !d.label.startsWith("weighted_sum")
  ).length;

/** A graph with `p` and an intermediate `x = -p`. */
function start() {
  const graph = new Graph(), p = graph.persistent("p", SHAPE);
  const x = weightedSum(graph, "x", [{ x: p, gain: -1 }]);
  const values: Record<string, Float64Array> = { p: randoms(N * D, 1) };
  return { graph, p, x, values, at: values.p.map((v) => -v) };
}

/**
 * Runs the gradient of the `outputs`, each given its random gradient.
 */
async function gradients(
  graph: Graph,
  values: Record<string, Float64Array>,
  outputs: Tensor[],
  parameters: Tensor[],
) {
  const dys = outputs.map((y, i) => {
    values[`dy${i}`] = randoms(N * D, 70 + i);
    return graph.input(`dy${i}`, y.shape);
  });
  const root = seedGradients(graph, outputs.map((y, i) => [y, dys[i]]));
  const { reached } = differentiate(graph, root, parameters);
  const ran = await runGraph(graph, values);
  return { ran, reached, dys: dys.map((t) => values[t.name]) };
}

deviceTest(
  "differentiate() adds the gradients of all uses of a tensor",
  async () => {
    const { graph, p, x, values, at } = start();
    const w = graph.persistent("w", [D, D]);
    values.w = randoms(D * D, 2);
    const a = activation(graph, "a", x, "gelu");
    const b = linear(graph, "b", x, w, undefined, "in_out");
    const c = linear(graph, "c", a, w, undefined, "out_in");
    const y = weightedSum(graph, "y", [{ x: c, gain: 0.5 }, { x: b, gain: 1 }, {
      x,
      gain: -2,
    }]);
    const { ran, dys: [dy] } = await gradients(graph, values, [y], [p, w]);

    const shape = { N, I: D, O: D };
    const af = at.map((v) => activations.gelu.f(v, 0));
    const half = dy.map((g) => g / 2);
    const db = reference.linearGradient(dy, at, values.w, {
      ...shape,
      outIn: false,
    });
    const dc = reference.linearGradient(half, af, values.w, {
      ...shape,
      outIn: true,
    });
    assertClose("grad.w", ran.after["grad.w"], db.w.map((g, i) => g + dc.w[i]));
    const dx = at.map((v, i) => db.x[i] + dc.x[i] * df(v, 0) - 2 * dy[i]);
    assertClose("grad.p", ran.after["grad.p"], dx.map((g) => -g));
  },
);

deviceTest(
  "a gradient given to two tensors is copied before one of them adds onto it",
  async () => {
    const { graph, p, x, values, at } = start();
    const q = graph.persistent("q", SHAPE);
    values.q = randoms(N * D, 2);
    const z = weightedSum(graph, "z", [{ x: q, gain: -1 }]);
    const a = activation(graph, "a", x, "gelu");
    // The sum hands the gradient of `y` to x and to z; a then adds onto x's.
    const y = weightedSum(graph, "y", [{ x, gain: 1 }, { x: z, gain: 1 }]);
    const out = activation(graph, "out", y, "tanh");
    const { ran, dys } = await gradients(graph, values, [out, a], [p, q]);
    assertEquals(copies(ran), 1);
    const dy = dys[0].map((g, i) =>
      g * activations.tanh.df(at[i] - values.q[i], 0)
    );
    assertClose("grad.q", ran.after["grad.q"], dy.map((g) => -g));
    const dx = dy.map((g, i) => g + dys[1][i] * df(at[i], 0));
    assertClose("grad.p", ran.after["grad.p"], dx.map((g) => -g));
  },
);

deviceTest(
  "a gradient of one tensor alone is added onto in place",
  async () => {
    const { graph, p, x, values, at } = start();
    const a = activation(graph, "a", x, "gelu");
    const b = activation(graph, "b", x, "tanh");
    const { ran, dys } = await gradients(graph, values, [a, b], [p]);
    assertEquals(copies(ran), 0);
    const dx = at.map((v, i) =>
      dys[0][i] * df(v, 0) + dys[1][i] * activations.tanh.df(v, 0)
    );
    assertClose("grad.p", ran.after["grad.p"], dx.map((g) => -g));
  },
);

deviceTest(
  "a tensor that is both branches of a sum gets both shares",
  async () => {
    const { graph, p, x, values } = start();
    const y = weightedSum(graph, "y", [{ x, gain: 1 }, { x, gain: 1 }, {
      x,
      gain: 0.25,
    }]);
    const out = activation(graph, "out", y, "leaky_relu", 1);
    const { ran, dys: [dy] } = await gradients(graph, values, [out], [p]);
    assertClose("grad.p", ran.after["grad.p"], dy.map((g) => -2.25 * g));
  },
);

deviceTest("a gradient from outside is not added onto", async () => {
  const { graph, p, x, values, at } = start();
  const a = activation(graph, "a", x, "gelu");
  const { ran, dys } = await gradients(graph, values, [x, a], [p]);
  assertClose("dy0", ran.after.dy0, dys[0], { relative: 0, absolute: 0 });
  const dx = at.map((v, i) => dys[0][i] + dys[1][i] * df(v, 0));
  assertClose("grad.p", ran.after["grad.p"], dx.map((g) => -g));
});

deviceTest("replays add gradients up", async () => {
  const { graph, p, x, values, at } = start();
  const a = activation(graph, "a", x, "gelu");
  const dy = graph.input("dy", SHAPE), dyValues = randoms(N * D, 3);
  differentiate(graph, seedGradients(graph, [[a, dy]]), [p]);
  const given = { ...values, dy: dyValues };
  const { after } = await runGraph(graph, given, [], { times: 3 });
  const dx = at.map((v, i) => -3 * dyValues[i] * df(v, 0));
  assertClose("grad.p", after["grad.p"], dx);
});

Deno.test("differentiate() computes only what leads to a parameter", () => {
  const graph = new Graph();
  const [frozen, w] = ["frozen", "w"].map((n) => graph.persistent(n, [D, D]));
  const x = graph.input("x", SHAPE);
  const a = linear(graph, "a", x, frozen, undefined, "in_out");
  const b = linear(graph, "b", a, w, undefined, "in_out");
  const aside = activation(graph, "aside", x, "gelu");
  const dy = graph.input("dy", SHAPE);
  const root = seedGradients(graph, [[b, dy], [aside, dy]]);
  const unused = graph.persistent("unused", [3]);
  const { reached } = differentiate(graph, root, [w, unused]);
  assertEquals([...reached], [w]);
  const made = graph.nodes.slice(graph.nodes.indexOf(root.node!) + 1);
  assertEquals(made.map((n) => n.operation.name), ["linear_grad_w"]);
  assert(!graph.externals.has("grad.frozen"));
  assert(!graph.externals.has("grad.unused"));
});

deviceTest("a sum hands a gradient in f32 on to a branch in f16", async () => {
  const { f, df } = activations.tanh, gelu = activations.gelu;
  // h gets the gradient of the sum, then that of its activation onto it.
  await checkHalf(
    () => {
      const x = given(1, SHAPE), h = x.values.map((v) => f(v, 0));
      return {
        activations: { x },
        build(graph, { x }) {
          const h = activation(graph, "h", x, "tanh");
          const a = activation(graph, "a", h, "gelu");
          return residualSum(graph, "y", [{ x: h, gain: 1 }, {
            x: a,
            gain: 1,
          }]);
        },
        y: h.map((v) => v + gelu.f(v, 0)),
        gradients: (dy) => ({
          x: dy.map((g, i) => g * (1 + gelu.df(h[i], 0)) * df(x.values[i], 0)),
        }),
      };
    },
    {},
    5,
  );
});

Deno.test("a branch in f16 takes no dispatch more than one in f32", () => {
  const dispatches = (types: StorageTypes) => {
    const graph = new Graph(types), w = graph.persistent("w", [D, D]);
    const x = residualSum(graph, "x", [
      { x: graph.persistent("p", SHAPE), gain: -1 },
    ]);
    const y = residualSum(graph, "y", [
      { x: linear(graph, "h", x, w, undefined, "in_out"), gain: 1 },
      { x, gain: 1 },
    ]);
    const dy = graph.input("dy", SHAPE);
    differentiate(graph, seedGradients(graph, [[y, dy]]), [w]);
    return makePlan("", graph, LIMITS).dispatches.map((d) => d.label);
  };
  const mixed: StorageTypes = { activations: "f16", residual: "f32" };
  assertEquals(dispatches(mixed), dispatches(FP32));
});
