import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernelNames, kernelText } from "../../src/gpu/kernel_files.ts";
import {
  checkCall,
  parseKernelInterface,
} from "../../src/gpu/kernel_interface.ts";
import { elementsOf, Pipelines } from "../../src/gpu/pipelines.ts";
import { assemble } from "../../src/gpu/wgsl.ts";
import { differentiate } from "../../src/graph/differentiate.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { Graph, type StorageTypes } from "../../src/graph/graph.ts";
import { attention } from "../../src/graph/ops/attention/attention.ts";
import {
  type Activation,
  activation,
  ACTIVATIONS,
} from "../../src/graph/ops/elementwise/activation.ts";
import {
  applyDropout,
  DropoutStreams,
} from "../../src/graph/ops/elementwise/dropout.ts";
import { scale } from "../../src/graph/ops/elementwise/scale.ts";
import { weightedSum } from "../../src/graph/ops/elementwise/weighted_sum.ts";
import { embed } from "../../src/graph/ops/embedding/embedding.ts";
import { linearCrossEntropy } from "../../src/graph/ops/loss/linear_cross_entropy.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import { norm } from "../../src/graph/ops/norm/norm.ts";
import { shaped } from "../../src/graph/ops/shaped/shaped.ts";
import { shapedDropout } from "../../src/graph/ops/shaped/shaped_dropout.ts";
import { count, type Tensor } from "../../src/graph/tensor.ts";
import { simplifiedModel } from "../../src/model/simplified/model.ts";
import {
  makePlan,
  type Plan,
  type PlannedDispatch,
} from "../../src/plan/plan.ts";
import { buildReport } from "../../src/statistics/block_statistics.ts";
import {
  deviceTest,
  gpu,
  GPU_KERNELS,
  NO_SUBGROUPS,
  runGraph,
} from "../helpers/device.ts";
import { defaultModel } from "../helpers/model_config.ts";
import { assertClose, randoms } from "../reference/numbers.ts";
import { optimizer } from "./_optimizer.ts";

/** Kernels that no operation runs: the bench tests its own. */
const NOT_OPERATIONS = ["bench/peak"];

/** Activations in f16, and a residual stream in f32. */
const FP16: StorageTypes = { activations: "f16", residual: "f32" };

Deno.test("kernelText() names a kernel that does not exist", () => {
  assertThrows(() => kernelText("gone"), RangeError, "No kernel named 'gone'");
});

/** Every operation in every form, with heads `d` wide, and all gradients. */
function everything(d: number, rows = 6, types?: StorageTypes): Graph {
  const graph = new Graph(types), D = 2 * d;
  const parameters: Tensor[] = [];
  const parameter = (name: string, ...shape: number[]) => {
    const tensor = graph.persistent(name, shape);
    parameters.push(tensor);
    return tensor;
  };
  const input = (name: string) => graph.input(name, [rows], "u32");
  const ids = { tokens: input("tokens"), order: input("order") };
  const attrs = { sequenceLength: 3, firstPosition: 0, scale: 1 };
  const table = parameter("table", 7, D),
    positions = parameter("positions", 3, D);
  let x = embed(graph, "both", { ...ids, table, positions }, attrs);
  const alone = embed(graph, "alone", { ...ids, table }, attrs);
  x = weightedSum(graph, "sum", [{ x, gain: 0.5 }, {
    x: alone,
    gain: parameter("gain", 1),
  }]);
  for (const kind of Object.keys(ACTIVATIONS) as Activation[]) {
    // Both a fresh gradient and one that is added onto.
    const once = activation(graph, kind, x, kind, 0.1);
    const twice = activation(graph, `${kind} again`, x, kind, 0.1);
    x = weightedSum(
      graph,
      `after ${kind}`,
      [once, twice, x].map((x) => ({ x, gain: 1 })),
    );
  }
  for (const layout of ["in_out", "out_in"] as const) {
    for (const bias of [undefined, parameter(`${layout} bias`, D)]) {
      const w = parameter(`${layout} ${!!bias}`, D, D);
      const once = linear(graph, layout, x, w, bias, layout);
      const twice = linear(graph, layout, x, w, bias, layout);
      x = weightedSum(graph, "sum", [{ x: once, gain: 1 }, {
        x: twice,
        gain: 1,
      }]);
    }
  }
  // Sums so long that GPUs take them in parts, too long for small bindings.
  for (const [I, O] of rows < 99 ? [[D, 2048], [2048, D]] : []) {
    x = linear(graph, "wide", x, parameter(`${I}`, I, O), undefined, "in_out");
  }
  for (const kind of ["ln", "rmsnorm"] as const) {
    for (const groups of [1, 2]) {
      for (const biased of [false, true]) {
        const width = D / groups, name = `${kind} ${groups} ${biased}`;
        const scales = Array.from({ length: groups }, (_, i) => ({
          scale: parameter(`${name} scale ${i}`, width),
          bias: biased ? parameter(`${name} bias ${i}`, width) : undefined,
        }));
        const normed = norm(graph, name, x, scales, {
          kind,
          eps: 1e-5,
          heads: 1,
        });
        const again = norm(graph, name, x, scales, {
          kind,
          eps: 1e-5,
          heads: 1,
        });
        x = weightedSum(
          graph,
          "sum",
          [normed, again].map((x) => ({ x, gain: 1 })),
        );
      }
    }
  }
  for (const cap of [0, 30]) {
    const shape = { sequenceLength: 3, heads: 2, headDim: d, cap };
    const qk = linear(
      graph,
      "qk",
      x,
      parameter(`qk ${cap}`, D, 2 * D),
      undefined,
      "in_out",
    );
    const qkv = linear(
      graph,
      "qkv",
      attention(graph, "packed", { qk, v: x }, shape),
      parameter(`qkv ${cap}`, 3 * D, D),
      parameter(`bias of qk ${cap}`, 2 * D),
      "out_in",
    );
    const o = attention(graph, "all packed", { qkv }, shape);
    x = attention(graph, "separate", { q: o, k: x, v: x }, shape);
  }
  const streams = new DropoutStreams(graph.input("random", [3], "u32"));
  for (const trained of [false, true]) {
    const gain = (name: string) => trained ? parameter(name, 1, 2, 1, 1) : 0.5;
    const gains = { resid: gain("r"), skip: gain("s"), centre: gain("c") };
    const shape = { sequenceLength: 3, headDim: d };
    x = shaped(graph, "shaped", x, x, gains, shape);
    const dropout = streams.next(0.1)!, cap = trained ? 30 : 0;
    const heads = { ...shape, heads: 2, cap };
    const qk = linear(
      graph,
      "qk",
      x,
      parameter(`dropped qk ${trained}`, D, 2 * D),
      undefined,
      "in_out",
    );
    const qkv = linear(
      graph,
      "qkv",
      attention(graph, "packed", { qk, v: x }, heads, dropout),
      parameter(`dropped qkv ${trained}`, D, 3 * D),
      undefined,
      "in_out",
    );
    const a = attention(graph, "all packed", { qkv }, heads, dropout);
    const o = attention(graph, "apart", { q: a, k: x, v: x }, heads, dropout);
    x = shapedDropout(graph, "dropped", o, x, gains, { ...shape, dropout });
    // Both a fresh gradient and one that is added onto.
    const once = applyDropout(graph, "once", x, streams.next(0.1));
    const twice = applyDropout(graph, "twice", x, streams.next(0.1));
    x = weightedSum(graph, "sum", [once, twice].map((x) => ({ x, gain: 1 })));
  }
  for (const n of [2, D]) {
    const once = scale(graph, "once", x, parameter(`scale ${n}`, n));
    const twice = scale(graph, "twice", x, parameter(`scale again ${n}`, n));
    x = weightedSum(graph, "sum", [once, twice].map((x) => ({ x, gain: 1 })));
  }
  const root = linearCrossEntropy(graph, {
    h: x,
    weight: table,
    targets: input("targets"),
    scale: graph.input("scale", [1]),
    loss: graph.persistent("loss", [1]),
    gradientScale: d === 5 ? graph.input("gradient scale", [1]) : undefined,
  });
  differentiate(graph, root, parameters);
  return graph;
}

/** Everything that is reported of a model with heads `d` wide. */
function report(
  d: number,
  limits: AdapterLimits,
  types?: StorageTypes,
): Plan {
  const sizes = { n_layer: 1, n_head: 2, n_embd: 2 * d, vocab_size: 7 };
  const tokens = { context_length: 3, n_positions: 3 };
  const model = simplifiedModel(defaultModel({ ...sizes, ...tokens }));
  const all = { gains: true, attnEntropy: true, outliers: true };
  const options = { ...all, gradNorms: true };
  return buildReport(model, 2, model.parameters, options, limits, types)!.plan;
}

/** Whether an adapter runs a kernel. */
const possible = (name: string, { software, subgroupSize }: AdapterLimits) =>
  software && subgroupSize > 0 || !name.includes("subgroup");

/** Every dispatch of a plan, all variants of those that have several. */
const all = (dispatches: PlannedDispatch[]): PlannedDispatch[] =>
  dispatches.flatMap((d) =>
    d.choice ? d.choice.variants.flatMap((v) => v.dispatches) : [d]
  );

/**
 * Every form of every kernel that operations ask for on adapters like `base`.
 */
function* everyDispatch(
  base: AdapterLimits,
  types?: StorageTypes,
): Generator<PlannedDispatch> {
  const graphs = [
    everything(5, 6, types),
    everything(8, 6, types),
    optimizer("adamw_hf", types),
    optimizer("adam_fairseq", types),
  ];
  for (const pretended of [{}, NO_SUBGROUPS, GPU_KERNELS]) {
    const limits = { ...base, ...pretended };
    const plans = graphs.map((graph) => makePlan("all", graph, limits));
    for (
      const plan of [
        ...plans,
        report(5, limits, types),
        report(8, limits, types),
      ]
    ) {
      yield* all(plan.dispatches);
    }
  }
}

/** Kernels of `everything` whose operands are small. */
const ONE_DISPATCH = [
  "loss/cross_entropy",
  "reduce/block_sums",
  "reduce/segment_sum",
  "reduce/sum",
];

deviceTest(
  "every operation computes the same cut to small bindings",
  async () => {
    const rows = 384, graph = everything(8, rows);
    const values: Record<string, ArrayLike<number>> = { scale: [1 / rows] };
    let seed = 0;
    for (const { name, shape, dtype, role } of graph.externals.values()) {
      if (dtype === "u32") {
        values[name] = Array.from(
          { length: count({ shape }) },
          (_, i) => i % 7,
        );
      } else if (role === "persistent" && !/^(grad\.|loss)/.test(name)) {
        values[name] = randoms(count({ shape }), ++seed, 0.3);
      }
    }
    // Rows by their tokens.
    values.order = Array.from({ length: rows }, (_, i) => i)
      .sort((a, b) => a % 7 - b % 7 || a - b);
    // What has a row a token: activations and their gradients.
    const fetch = graph.nodes.flatMap(({ outputs }) =>
      outputs.filter((t) => t.shape[0] === rows)
    );
    const whole = await runGraph(graph, values, fetch);
    // The heads' statistics are aligned on every 96th row.
    const limits = { maxBindingBytes: 128 * 4 * 32 };
    const cut = await runGraph(graph, values, fetch, { limits });
    const uses = ({ dispatches }: Plan) =>
      Map.groupBy(dispatches, ({ kernel }) => kernel);
    const before = uses(whole.plan);
    for (const [kernel, times] of uses(cut.plan)) {
      const once = ONE_DISPATCH.includes(kernel);
      assert(
        once || times.length > before.get(kernel)!.length,
        `${kernel} is not cut`,
      );
    }
    fetch.forEach(({ name }, i) => {
      assert(cut.fetched[i].every(Number.isFinite), name);
      assertEquals(cut.fetched[i], whole.fetched[i], name);
    });
    for (const [name, expected] of Object.entries(whole.after)) {
      if (name.startsWith("grad.")) {
        assertClose(name, cut.after[name], Float64Array.from(expected), {
          relative: 1e-5,
        });
      }
    }
  },
);

/** A software driver with everything that kernels are chosen by. */
const SOFTWARE: AdapterLimits = {
  software: true,
  subgroupSize: 8,
  int64: true,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 31,
  offsetAlignment: 256,
};

Deno.test("every dispatch gives its kernel the parameters and bindings it declares", () => {
  const declared = new Map<string, ReturnType<typeof parseKernelInterface>>();
  const used = new Set<string>();
  const halves = everyDispatch(SOFTWARE, FP16);
  for (const dispatch of [...everyDispatch(SOFTWARE), ...halves]) {
    const { kernel, constants } = dispatch;
    const key = `${kernel} ${JSON.stringify(constants)}`;
    if (!declared.has(key)) {
      const code = assemble(kernel, constants, kernelText);
      declared.set(key, parseKernelInterface(kernel, code));
    }
    checkCall(declared.get(key)!, dispatch);
    used.add(kernel);
  }
  const operations = kernelNames().filter((name) =>
    kernelText(name).includes("@compute") && !NOT_OPERATIONS.includes(name)
  );
  assertEquals(operations.filter((name) => !used.has(name)), []);
});

deviceTest(
  "every kernel compiles in every form that operations ask for",
  async () => {
    const device = await gpu(), pipelines = new Pipelines(device.device);
    const used = new Set<string>();
    for (const dispatch of everyDispatch(device.limits)) {
      await pipelines.get(dispatch);
      used.add(dispatch.kernel);
    }
    device.check();
    const operations = kernelNames().filter((name) =>
      kernelText(name).includes("@compute") && !NOT_OPERATIONS.includes(name)
    );
    assertEquals(
      operations.filter((name) =>
        possible(name, device.limits) && !used.has(name)
      ),
      [],
    );
    // Kernels that some adapter alone runs are compiled in full nowhere else.
    assert(pipelines.size > 100, `${pipelines.size} pipelines`);
  },
);

deviceTest("every kernel is valid with f16 activations", async () => {
  const { device, limits } = await gpu();
  if (!limits.f16) return console.log("skipped: no shader-f16 here");
  const seen = new Set<string>();
  for (const dispatch of everyDispatch(limits, FP16)) {
    const { kernel, constants } = dispatch, elements = elementsOf(dispatch);
    const code = assemble(kernel, constants, kernelText, elements);
    if (seen.has(code)) continue;
    seen.add(code);
    device.pushErrorScope("validation");
    device.createShaderModule({ code });
    assertEquals((await device.popErrorScope())?.message, undefined, kernel);
  }
});
