import { assert, assertEquals } from "@std/assert";
import { stepRecords } from "../../src/engine/step_records.ts";
import {
  readHistory,
  readLossScaling,
  writeLossScaling,
} from "../../src/engine/step_state.ts";
import { Executor } from "../../src/gpu/executor.ts";
import {
  readStruct,
  structBytes,
  writeStruct,
} from "../../src/gpu/struct_layout.ts";
import { Graph } from "../../src/graph/graph.ts";
import { count } from "../../src/graph/tensor.ts";
import {
  type AdamKind,
  adamStep,
  type StepOptions,
  stepScalars,
} from "../../src/optim/adam.ts";
import {
  initialState,
  type LossScaling,
  lossScaling,
} from "../../src/optim/loss_scaling.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import {
  DynamicLossScaler,
  GradScaler,
  type LossScaler,
} from "../reference/loss_scale.ts";
import { integers, randoms } from "../reference/numbers.ts";

const ELEMENTS = 64, SLOTS = 8;

const NO_KEYS = {
  fp16_init_scale: null,
  fp16_scale_window: null,
  fp16_scale_tolerance: null,
  min_loss_scale: null,
  threshold_loss_scale: null,
};

Deno.test("lossScaling() has the defaults of the optimizer's family", () => {
  const shared = { tolerance: 0, threshold: 0, least: 1e-4 };
  const torch = { initial: 65536, window: 2000, clipEps: 1e-6, ...shared };
  assertEquals(lossScaling("adamw_hf", NO_KEYS, 4), torch);
  assertEquals(lossScaling("adamw_torch", NO_KEYS, 4), torch);
  const fairseq = { initial: 128, window: 4096, clipEps: 0, ...shared };
  assertEquals(lossScaling("adam_fairseq", NO_KEYS, 4), fairseq);
  // 2^14 / update-freq, rounded down.
  assertEquals(lossScaling("adam_fairseq", NO_KEYS, 3).window, 5461);
  assertEquals(lossScaling("adam_fairseq", NO_KEYS, 2 ** 15).window, 1);
  assertEquals(
    lossScaling("adam_fairseq", {
      fp16_init_scale: 4,
      fp16_scale_window: 5,
      fp16_scale_tolerance: 0.25,
      min_loss_scale: 1e-3,
      threshold_loss_scale: 2,
    }, 1),
    {
      initial: 4,
      window: 5,
      tolerance: 0.25,
      threshold: 2,
      least: 1e-3,
      clipEps: 0,
    },
  );
});

/** The update plan alone on the device, with or without loss scaling. */
async function open(kind: AdamKind, scaling?: LossScaling) {
  const constants = {
    kind,
    beta1: 0.9,
    beta2: 0.98,
    epsilon: 1e-8,
    weightDecay: 0.1,
  };
  const device = await gpu(), graph = new Graph(), records = stepRecords();
  const flat = (name: string) => graph.persistent(name, [ELEMENTS]);
  const record = (name: string, layout: typeof records.scalars, n = 1) =>
    graph.persistent(name, [n, layout.fields.length]);
  adamStep(
    graph,
    [{
      weights: flat("weights"),
      gradients: flat("gradients"),
      m: flat("m"),
      v: flat("v"),
      decayed: 32,
    }],
    {
      loss: graph.persistent("loss", [1]),
      step: record("step", records.scalars),
      control: record("control", records.control),
      history: record("history", records.history, SLOTS),
      lossScaling: scaling && {
        options: scaling,
        record: record("loss_scaling", records.lossScaling),
        recent: record("recent", records.updateRates, SLOTS + 1),
      },
    },
    constants,
  );
  const executor = new Executor(device);
  for (const tensor of graph.externals.values()) {
    executor.allocate(tensor.name, 4 * count(tensor));
  }
  executor.allocate("gradient_scale", 4);
  const plan = makePlan("update", graph, device.limits);
  const [loaded] = await executor.load([plan]);
  executor.write("weights", Float32Array.from(randoms(ELEMENTS, 5)));
  if (scaling) writeLossScaling(executor, initialState(scaling));
  const scalars = new Uint8Array(structBytes(records.scalars));
  const floats = async (name: string) =>
    new Float32Array(await executor.read(name, 4 * ELEMENTS));
  return {
    executor,
    step(gradient: Float32Array, options: StepOptions, loss = 1) {
      executor.write("gradients", gradient);
      executor.write("loss", Float32Array.of(loss));
      writeStruct(
        records.scalars,
        stepScalars(constants, options),
        new DataView(scalars.buffer),
      );
      executor.write("step", scalars);
      executor.run(loaded);
    },
    control: async () =>
      readStruct(
        records.control,
        await executor.read("control", structBytes(records.control)),
      ),
    state: async () => ({
      p: await floats("weights"),
      m: await floats("m"),
      v: await floats("v"),
    }),
  };
}

interface Sequence {
  kind: AdamKind;
  keys?: Partial<typeof NO_KEYS | Record<keyof typeof NO_KEYS, number>>;
  scaler: LossScaler;
  /** Whether step t, from 1, overflows at a scale. */
  overflows(t: number, scale: number): boolean;
  steps?: number;
  maxGradNorm?: number;
}

/**
 * Compares a run of many steps with the reference: scales and outcomes of each
 * step, the weights with those of a run without scaling that takes the applied
 * steps alone. The host learns of skipped steps when it has submitted `SLOTS`
 * of them.
 */
async function check(sequence: Sequence) {
  const { kind, keys, scaler, overflows } = sequence;
  const { steps = 40, maxGradNorm = 0 } = sequence;
  const scaling = lossScaling(kind, { ...NO_KEYS, ...keys }, 1);
  const scaled = await open(kind, scaling), plain = await open(kind);
  const rate = (update: number) => 0.01 / update;
  const outcomes: string[] = [];
  let skipped = 0, known = 0, updates = 0, stopped = false;
  for (let t = 1; t <= steps; t++) {
    const scale = scaler.scale;
    const gradient = Float32Array.from(randoms(ELEMENTS, 10 + t));
    const bad = overflows(t, scale);
    const outcome = stopped ? "stopped" : scaler.step(bad);
    outcomes.push(outcome);
    const sent = gradient.map((g) => Math.fround(g * scale));
    if (bad) sent[t % ELEMENTS] = [Infinity, -Infinity, NaN][t % 3];
    const slot = (t - 1) % SLOTS;
    scaled.step(sent, {
      step: t,
      skipped: known,
      learningRate: rate(t - known),
      maxGradNorm,
      slot,
    });
    if (outcome === "applied") {
      updates++;
      plain.step(gradient, {
        step: updates,
        learningRate: rate(updates),
        maxGradNorm,
        slot: 0,
      });
      // The same rate, eps and decay to the bit, and no more than the scale
      // between the factors of the gradient.
      if (t % 5 === 0) {
        const { clip, ...got } = await scaled.control();
        const { clip: whole, ...want } = await plain.control();
        assertEquals([got, clip], [want, whole / scale], `step ${t}`);
      }
    } else if (outcome === "skipped") skipped++;
    else stopped = true;
    if (slot === SLOTS - 1 || t === steps) {
      const records = await readHistory(scaled.executor, slot + 1);
      assertEquals(
        records.map((r) =>
          r.nonFinite ? "stopped" : r.skipped ? "skipped" : "applied"
        ),
        outcomes.slice(t - slot - 1),
        `up to step ${t}`,
      );
      assertEquals(records[slot].lossScale, scale);
      if (outcomes.at(-1) === "applied") {
        const [{ gradNorm }] = (await readHistory(scaled.executor, slot + 1))
          .slice(-1);
        assert(Math.abs(gradNorm / Math.hypot(...gradient) - 1) < 1e-5);
      }
      const { scale: next, skipped: counted } = await readLossScaling(
        scaled.executor,
      );
      assertEquals([next, counted], [scaler.scale, skipped], `step ${t}`);
      known = skipped;
    }
  }
  assertEquals(await scaled.state(), await plain.state());
  scaled.executor.close();
  plain.executor.close();
  return outcomes;
}

/** Overflows at random, about one step of `of`. */
const sometimes = (of: number, seed: number) => {
  const draws = integers(1000, seed, of);
  return (t: number) => draws[t] === 0;
};

deviceTest("loss scaling follows PyTorch's rule", async () => {
  // Starts far too high, grows back, and overflows again.
  await check({
    kind: "adamw_hf",
    keys: { fp16_scale_window: 4 },
    scaler: new GradScaler(65536, 4),
    overflows: (t, scale) => scale > 2048 || sometimes(6, 1)(t),
  });
  await check({
    kind: "adamw_torch",
    keys: { fp16_init_scale: 2 ** 40, fp16_scale_window: 3 },
    scaler: new GradScaler(2 ** 40, 3),
    // All of them within one unread history, from the first step on.
    overflows: (t) => t <= 7 || t === 20,
    maxGradNorm: 2,
  });
});

deviceTest("loss scaling follows fairseq's rule", async () => {
  await check({
    kind: "adam_fairseq",
    keys: { fp16_scale_window: 4 },
    scaler: new DynamicLossScaler(128, 4),
    overflows: (t, scale) => scale > 256 || sometimes(7, 2)(t),
    steps: 60,
  });
  for (const tolerance of [0.1, 0.25, 0.3, 0.5]) {
    await check({
      kind: "adam_fairseq",
      keys: { fp16_scale_window: 3, fp16_scale_tolerance: tolerance },
      scaler: new DynamicLossScaler(128, 3, tolerance),
      overflows: sometimes(3, 7),
      steps: 60,
    });
  }
  // Never below the threshold, however often it overflows.
  await check({
    kind: "adam_fairseq",
    keys: { fp16_scale_window: 4, threshold_loss_scale: 2 },
    scaler: new DynamicLossScaler(128, 4, 0, 2),
    overflows: (t) => t < 12,
  });
});

deviceTest("loss scaling stops at the least scale, and keeps all", async () => {
  const outcomes = await check({
    kind: "adam_fairseq",
    keys: { fp16_init_scale: 64, min_loss_scale: 4 },
    scaler: new DynamicLossScaler(64, 2 ** 14, 0, null, 4),
    overflows: (t) => t > 5,
    steps: 12,
  });
  assertEquals(outcomes.slice(4), [
    "applied",
    ...Array(3).fill("skipped"),
    ...Array(4).fill("stopped"),
  ]);
});

deviceTest("a loss that is not finite stops at any loss scale", async () => {
  const scaling = lossScaling("adamw_hf", NO_KEYS, 1);
  const { executor, step, state } = await open("adamw_hf", scaling);
  const gradient = new Float32Array(ELEMENTS).fill(1);
  const at = (t: number) => ({
    step: t,
    learningRate: 0.1,
    maxGradNorm: 0,
    slot: t - 1,
  });
  step(gradient, at(1));
  const before = await state();
  step(gradient, at(2), NaN);
  step(gradient, at(3));
  const records = await readHistory(executor, 3);
  assertEquals(records.map((r) => r.nonFinite), [false, true, true]);
  assertEquals(await state(), before);
  const { scale, skipped } = await readLossScaling(executor);
  assertEquals([scale, skipped], [65536, 0]);
  executor.close();
});

deviceTest(
  "the loss scale grows only as long as its inverse is a normal number",
  async () => {
    const keys = {
      ...NO_KEYS,
      fp16_init_scale: 2 ** 125,
      fp16_scale_window: 1,
    };
    const scaling = lossScaling("adamw_hf", keys, 1);
    const { executor, step } = await open("adamw_hf", scaling);
    const none = new Float32Array(ELEMENTS);
    for (let t = 1; t <= 3; t++) {
      step(none, { step: t, learningRate: 0.1, maxGradNorm: 0, slot: t - 1 });
    }
    assertEquals((await readLossScaling(executor)).scale, 2 ** 126);
    executor.close();
  },
);
