import { assertEquals } from "@std/assert";
import { stepRecords } from "../../src/engine/step_records.ts";
import { Executor } from "../../src/gpu/executor.ts";
import {
  checkStruct,
  readStruct,
  structBytes,
  writeStruct,
} from "../../src/gpu/struct_layout.ts";
import { type AdapterLimits, f32 } from "../../src/graph/dispatch.ts";
import { Graph } from "../../src/graph/graph.ts";
import { count } from "../../src/graph/tensor.ts";
import { type AdamKind, adamStep, stepScalars } from "../../src/optim/adam.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { deviceTest, gpu, NO_SUBGROUPS } from "../helpers/device.ts";
import * as reference from "../reference/adam.ts";
import { assertClose, randoms } from "../reference/numbers.ts";

const KINDS: AdamKind[] = ["adamw_hf", "adamw_torch", "adam_fairseq"];

interface Run {
  kind?: AdamKind;
  /** Elements of each shard, and how many of them are decayed. */
  shards?: [elements: number, decayed: number][];
  maxGradNorm?: number;
  epsilon?: number;
  steps?: number;
  limits?: Partial<AdapterLimits>;
  /** Loss before update t; all 1 by default. */
  loss?: (t: number) => number;
  /** Changes the gradients of shard 0 before update t. */
  spoil?: (t: number, gradients: Float64Array) => void;
}

/** Runs a few updates on the device and in float64. */
async function run(options: Run = {}) {
  const { kind = "adamw_hf", shards = [[192, 128]], maxGradNorm = 0 } = options;
  const { steps = 4, limits = {}, loss = () => 1, spoil } = options;
  const constants = {
    kind,
    beta1: 0.9,
    beta2: 0.98,
    // Large enough that its place before or after the correction shows.
    epsilon: options.epsilon ?? 1e-2,
    weightDecay: 0.3,
  };
  const device = await gpu(), graph = new Graph(), records = stepRecords();
  const flat = shards.map(([elements, decayed], i) => {
    const tensor = (name: string) =>
      graph.persistent(`${name}.${i}`, [elements]);
    return {
      weights: tensor("weights"),
      gradients: tensor("gradients"),
      m: tensor("m"),
      v: tensor("v"),
      decayed,
    };
  });
  adamStep(graph, flat, {
    loss: graph.persistent("loss", [1]),
    step: graph.input("step", [records.scalars.fields.length]),
    control: graph.persistent("control", [records.control.fields.length]),
    history: graph.persistent("history", [
      steps,
      records.history.fields.length,
    ]),
  }, constants);
  const plan = makePlan("update", graph, { ...device.limits, ...limits });
  const executor = new Executor(device);
  for (const tensor of graph.externals.values()) {
    executor.allocate(tensor.name, 4 * count(tensor));
  }
  const [loaded] = await executor.load([plan]);
  const states = shards.map(([elements], i) => {
    const p = randoms(elements, 100 + i);
    executor.write(`weights.${i}`, Float32Array.from(p));
    return { p, m: new Float64Array(elements), v: new Float64Array(elements) };
  });
  const scalars = new Uint8Array(structBytes(records.scalars));
  const norms: number[] = [];
  for (let t = 1; t <= steps; t++) {
    const gradients = shards.map(([elements], i) =>
      randoms(elements, 10 * t + i, t % 2 ? 0.3 : 2)
    );
    spoil?.(t, gradients[0]);
    gradients.forEach((g, i) =>
      executor.write(`gradients.${i}`, Float32Array.from(g))
    );
    executor.write("loss", Float32Array.of(loss(t)));
    const lr = 0.05 * t;
    writeStruct(
      records.scalars,
      stepScalars(constants, {
        step: t,
        learningRate: lr,
        slot: t - 1,
        maxGradNorm,
      }),
      new DataView(scalars.buffer),
    );
    executor.write("step", scalars);
    executor.run(loaded);
    // The norm is that of all shards together.
    norms.push(Math.hypot(...gradients.map((g) => Math.hypot(...g))));
    const clip = maxGradNorm > 0
      ? Math.min(1, maxGradNorm / (norms[t - 1] + 1e-6))
      : 1;
    states.forEach((state, i) =>
      reference.adamStep(state, gradients[i].map((g) => clip * g), {
        kind,
        t,
        lr,
        beta1: constants.beta1,
        beta2: constants.beta2,
        eps: constants.epsilon,
        weightDecay: constants.weightDecay,
        decayed: shards[i][1],
        maxGradNorm: 0,
      })
    );
  }
  const read = async (name: string, elements: number) =>
    new Float32Array(await executor.read(name, 4 * elements));
  const got = [];
  for (const [i, [elements]] of shards.entries()) {
    got.push({
      p: await read(`weights.${i}`, elements),
      m: await read(`m.${i}`, elements),
      v: await read(`v.${i}`, elements),
    });
  }
  const bytes = structBytes(records.history);
  const written = await executor.read("history", steps * bytes);
  const history = norms.map((_, t) =>
    readStruct(records.history, written, t * bytes)
  );
  executor.close();
  return { got, states, history, norms };
}

/** Holds a run against its reference. */
async function check(options: Run) {
  const { got, states, history, norms } = await run(options);
  got.forEach((shard, i) => {
    for (const key of ["p", "m", "v"] as const) {
      assertClose(`${key} of shard ${i}`, shard[key], states[i][key], {
        relative: 5e-6,
      });
    }
  });
  norms.forEach((norm, t) =>
    assertClose(
      `record ${t}`,
      [history[t].loss, history[t].gradient_norm, history[t].outcome],
      [options.loss?.(t + 1) ?? 1, norm, 0],
      { relative: 2e-6 },
    )
  );
}

for (const kind of KINDS) {
  deviceTest(`adamStep() holds for ${kind}`, () => check({ kind }));

  deviceTest(`adamStep() clips the global norm for ${kind}`, () =>
    // Odd steps are below the limit, even ones above.
    check({ kind, maxGradNorm: 5 }));

  deviceTest(
    `adamStep() holds for ${kind} with the published eps`,
    () => check({ kind, epsilon: 1e-8 }),
  );
}

deviceTest(
  "adamStep() decays the elements before the boundary and no others",
  async () => {
    for (const decayed of [0, 64, 192]) {
      await check({ shards: [[192, decayed]] });
    }
  },
);

deviceTest(
  "adamStep() takes the norm over all shards",
  () =>
    check({ shards: [[192, 64], [64, 0], [10_048, 10_048]], maxGradNorm: 5 }),
);

deviceTest("adamStep() holds cut to small bindings", () =>
  // The boundary of decay lies within the second of three stretches.
  check({
    shards: [[40_000, 20_032]],
    maxGradNorm: 50,
    limits: { maxBindingBytes: 65_536 },
  }));

deviceTest(
  "adamStep() holds without subgroups",
  () =>
    check({
      shards: [[192, 64], [64, 0]],
      maxGradNorm: 5,
      limits: NO_SUBGROUPS,
    }),
);

for (
  const [name, options] of Object.entries<Run>({
    "an infinite loss": { loss: (t) => t === 3 ? Infinity : 1 },
    "a loss that is not a number": { loss: (t) => t === 3 ? NaN : 1 },
    "an infinite gradient": {
      spoil: (t, g) => void (t === 3 && (g[5] = -Infinity)),
    },
    "a gradient that is not a number": {
      spoil: (t, g) => void (t === 3 && (g[5] = NaN)),
    },
    "a norm that overflows": {
      spoil: (t, g) => void (t === 3 && (g[5] = 1e30)),
    },
  })
) {
  deviceTest(
    `adamStep() keeps the state of the last good step from ${name} on`,
    async () => {
      // Five steps, of which the third is bad; two alone end in the state
      // before it.
      const { got, history } = await run({
        ...options,
        steps: 5,
        maxGradNorm: 5,
      });
      const before = await run({ steps: 2, maxGradNorm: 5 });
      for (const key of ["p", "m", "v"] as const) {
        assertEquals(got[0][key], before.got[0][key], key);
      }
      // Applied, applied, stopped.
      const outcomes = history.map((record) => record.outcome);
      assertEquals(outcomes, [0, 0, 2, 2, 2]);
    },
  );
}

Deno.test("stepScalars() folds the bias corrections into rate and eps", () => {
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.1 };
  const t = 3, lr = 0.5, c1 = 1 - 0.9 ** 3, c2 = Math.sqrt(1 - 0.99 ** 3);
  const scalars = stepScalars({ ...options, kind: "adamw_hf" }, {
    step: t,
    learningRate: lr,
    slot: 7,
    maxGradNorm: 1.5,
  });
  assertEquals(scalars, {
    rate: f32(lr * c2 / c1),
    eps: f32(1e-3),
    decay: f32(0.05),
    update: 3,
    skipped: 0,
    max_grad_norm: f32(1.5),
    history_slot: 7,
  });
  const torch = stepScalars({ ...options, kind: "adamw_torch" }, {
    step: t,
    learningRate: lr,
    slot: 7,
    maxGradNorm: 0,
  });
  assertEquals([torch.eps, torch.max_grad_norm], [f32(1e-3 * c2), f32(0)]);
  // A skipped step is no update.
  const later = stepScalars({ ...options, kind: "adamw_hf" }, {
    step: t + 4,
    skipped: 4,
    learningRate: lr,
    slot: 7,
    maxGradNorm: 1.5,
  });
  assertEquals(later, { ...scalars, skipped: 4 });
});

Deno.test("stepScalars() fills the struct that the kernels read", () => {
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weightDecay: 0.1 };
  const scalars = stepScalars({ ...options, kind: "adamw_hf" }, {
    step: 1,
    learningRate: 1,
    slot: 0,
    maxGradNorm: 0,
  });
  checkStruct("Cannot write as", stepRecords().scalars, scalars);
});
