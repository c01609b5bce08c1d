import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { checkPrecision, storageTypes } from "../../src/engine/precision.ts";
import {
  buildStepPlans,
  type StepPlanOptions,
} from "../../src/engine/step_plans.ts";
import { InferenceEngine } from "../../src/engine/inference_engine.ts";
import { TrainEngine } from "../../src/engine/train_engine.ts";
import { UserError } from "../../src/errors.ts";
import type { AdapterLimits } from "../../src/graph/dispatch.ts";
import { copyName, Graph } from "../../src/graph/graph.ts";
import { copyInto } from "../../src/graph/ops/elementwise/copy.ts";
import { linear } from "../../src/graph/ops/matmul/linear.ts";
import type { Model } from "../../src/model/model.ts";
import { simplifiedModel } from "../../src/model/simplified/model.ts";
import { deviceTest, gpu, runGraph } from "../helpers/device.ts";
import {
  ADAM,
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
} from "../helpers/engine.ts";
import { defaultModel } from "../helpers/model_config.ts";
import { compose } from "../../src/config/mod.ts";
import { modelOf } from "../../src/engine/from_config.ts";
import type { Gpu } from "../../src/gpu/device.ts";

const GPU: AdapterLimits = {
  software: false,
  subgroupSize: 0,
  int64: false,
  f16: true,
  maxBindingBytes: 2 ** 31 - 4,
  maxBufferBytes: 2 ** 35,
  offsetAlignment: 256,
};

/** The plans of `model` in `options` on a GPU. */
const plansOf = (model: Model, options: Partial<StepPlanOptions>) =>
  buildStepPlans(model, {
    batchSize: 8,
    evalBatchSize: 8,
    accumulation: 1,
    adam: ADAM,
    historySlots: 8,
    ...options,
  }, GPU);

const HALF = { precision: "fp16" } as const;
const HALVES = { ...HALF, residualPrecision: "fp16" } as const;

/** A test on the device, if it has f16. */
const halfTest = (name: string, fn: () => Promise<void>) =>
  deviceTest(name, async () => {
    if ((await gpu()).limits.f16) return await fn();
    console.log("skipped: no shader-f16 here");
  });

/** The published model of an experiment, with GPT-2's vocabulary. */
const published = (experiment: string): Model =>
  modelOf(compose({ overrides: [`experiment=${experiment}`] }).config, 50_257);

Deno.test("fp16 activations take at least 40 % fewer bytes, of 18 layers and of NormFormer", () => {
  const models = [
    simplifiedModel(defaultModel({ n_layer: 18, vocab_size: 50_257 })),
    published("nf-125m-normformer"),
  ];
  for (const model of models) {
    const full = plansOf(model, {}).memory;
    for (const options of [HALF, HALVES]) {
      const half = plansOf(model, options).memory;
      const share = half.activations / full.activations;
      assert(share <= 0.6, `${share}`);
      // Copies are half as large as the weights.
      assertAlmostEquals(half.weights / full.weights, 1.5, 0.01);
    }
  }
});

Deno.test("a graph has the types that the two keys ask for", () => {
  assertEquals(storageTypes({}), { activations: "f32", residual: "f32" });
  assertEquals(storageTypes(HALF), { activations: "f16", residual: "f32" });
  assertEquals(storageTypes(HALVES), { activations: "f16", residual: "f16" });
});

Deno.test("an adapter without f16 is refused by name", async () => {
  const limits = { ...GPU, f16: false };
  const without = { name: "Old GPU", limits };
  checkPrecision(without, {});
  assertThrows(
    () => checkPrecision(without, HALF),
    UserError,
    "Cannot compute in fp16 on Old GPU as it must have the feature 'shader-f16': it lacks it; set train.precision=fp32",
  );
  const model = simplifiedModel(defaultModel({ n_layer: 1 }));
  const plans = plansOf(model, HALF);
  await assertRejects(
    () => TrainEngine.open(without as Gpu, plans),
    UserError,
    "Old GPU",
  );
  const sample = { generate: true } as const;
  await assertRejects(
    () => InferenceEngine.open(without as Gpu, model, sample, {}, {}, HALF),
    UserError,
    "config.yaml with precision: fp32 by --config",
  );
});

/** What f16 has, its smallest and largest numbers included. */
const STORED = [
  0,
  -0,
  1,
  65_504,
  -65_504,
  2 ** -24,
  -(2 ** -24),
  2 ** -14 - 2 ** -24,
  2 ** -14,
];

halfTest(
  "f16 storage keeps its largest and its subnormal numbers",
  async () => {
    const types = { activations: "f16", residual: "f32" } as const;
    const graph = new Graph(types), n = STORED.length;
    const x = graph.persistent("x", [n]), back = graph.persistent("back", [n]);
    const copy = graph.persistent("copy", [n], "f16");
    copyInto(graph, x, copy);
    copyInto(graph, copy, back);
    const { after } = await runGraph(graph, { x: STORED });
    assertEquals([...after.back], STORED);
  },
);

halfTest("products read every f16 as it is", async () => {
  const graph = new Graph({ activations: "f16", residual: "f32" });
  const n = 16, one = Array.from({ length: n * n }, (_, i) => +(i % 17 === 0));
  const x = graph.persistent("x", [n, n]);
  const weight = graph.persistent("weight", [n, n]);
  const [x16, weight16] = [x, weight].map((tensor) => {
    const copy = graph.persistent(`${tensor.name} in f16`, [n, n], "f16");
    copyInto(graph, tensor, copy);
    return copy;
  });
  const y = linear(graph, "y", x16, weight16, undefined, "in_out", "f32");
  const values = Array.from(
    { length: n * n },
    (_, i) => STORED[i % STORED.length] + 0,
  );
  const first = await runGraph(graph, { x: values, weight: one }, [y]);
  assertEquals([...first.fetched[0]], values);
  const second = await runGraph(graph, { x: one, weight: values }, [y]);
  assertEquals([...second.fetched[0]], values);
});

halfTest(
  "f16 storage rounds to nearest even and overflows to infinity",
  async () => {
    const given = [
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      1 + 2 ** -11 + 2 ** -20,
      65_519,
      65_520,
      -1e6,
    ];
    const graph = new Graph({ activations: "f16", residual: "f16" });
    const x = graph.persistent("x", [given.length]);
    const copy = graph.persistent("copy", [given.length], "f16");
    copyInto(graph, x, copy);
    const { after } = await runGraph(graph, { x: given });
    assertEquals([...after.copy], [...new Float16Array(given)]);
  },
);

halfTest(
  "estimateMemory() is what is allocated in fp16, recomputed",
  async () => {
    for (const recompute of ["block", "attention"] as const) {
      const options = { ...HALF, recompute, batchSize: 8 };
      const engine = await openEngine(options, { n_layer: 6, n_embd: 48 });
      try {
        const { total } = engine.plans.memory;
        assertAlmostEquals(engine.executor.allocated / total, 1, 0.1);
      } finally {
        engine.close();
      }
    }
  },
);

halfTest("the copies that products read follow the weights", async () => {
  const engine = await openEngine(HALF), { layout } = engine.plans;
  const batches = split(sequences(2, 3), 2);
  const copies = async () => {
    for (const [name, { bytes, transposed }] of layout.positions) {
      // A part, whose whole is there too.
      if (transposed) continue;
      const data = await engine.executor.read(copyName(name), bytes / 2);
      const weights = await engine.read("weights", name);
      assertEquals(new Float16Array(data), new Float16Array(weights), name);
    }
  };
  try {
    // Written by the host, then by the optimizer.
    await engine.gradient(batches);
    await copies();
    for (const step of [1, 2]) await engine.step(batches, stepOptions(step));
    await copies();
    const { allocated } = engine.executor, { total } = engine.plans.memory;
    assertAlmostEquals(allocated / total, 1, 0.1);
  } finally {
    engine.close();
  }
});

halfTest(
  "an engine in fp16 computes nearly the gradient of one in fp32",
  async () => {
    const batches = split(sequences(2, 3), 2);
    const gradients = [];
    for (const options of [{}, HALF, HALVES]) {
      const engine = await openEngine(options);
      await engine.gradient(batches);
      gradients.push([...(await all(engine, "gradients")).values()]);
      engine.close();
    }
    const [want, ...others] = gradients.map((list) =>
      list.flatMap((x) => [...x])
    );
    const norm = Math.hypot(...want);
    for (const got of others) {
      const error = Math.hypot(...got.map((x, i) => x - want[i])) / norm;
      assert(error > 0 && error < 0.03, `${error}`);
    }
  },
);
