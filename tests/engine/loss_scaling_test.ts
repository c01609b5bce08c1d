import { assert, assertEquals } from "@std/assert";
import type { StepPlanOptions } from "../../src/engine/step_plans.ts";
import type { LossScaling } from "../../src/optim/loss_scaling.ts";
import { deviceTest } from "../helpers/device.ts";
import {
  all,
  openEngine,
  sequences,
  split,
  stepOptions,
} from "../helpers/engine.ts";

const scaling = (initial: number): LossScaling => ({
  initial,
  window: 3,
  tolerance: 0,
  threshold: 0,
  least: 1e-4,
  clipEps: 1e-6,
});

const REPORT = {
  gains: false,
  attnEntropy: false,
  outliers: false,
  gradNorms: true,
};

/**
 * Losses, gradients, their norms and weights of five steps, all applied.
 *
 * @param planted a factor of weights of the MLP, and its inverse of those
 *   before them: it multiplies gradients between them
 */
async function fiveUpdates(options: Partial<StepPlanOptions>, planted = 1) {
  const engine = await openEngine({
    accumulation: 2,
    report: REPORT,
    ...options,
  });
  for (const [name, by] of [["c_proj", planted], ["c_fc", 1 / planted]]) {
    const weight = `transformer.h.0.mlp.${name}.weight`;
    const values = await engine.read("weights", weight);
    engine.write("weights", weight, values.map((x) => x * Number(by)));
  }
  // An overflow of the scale changes nothing.
  let step = 0, updates = 0, largest = 0;
  while (updates < 5) {
    const batches = split(sequences(4, updates), 2);
    const skipped = step - updates;
    await engine.step(batches, {
      ...stepOptions(++step, 0),
      skipped,
      learningRate: 1e-2 / (1 + updates),
    });
    const [{ skipped: overflowed, gradNorm }] = await engine.history(1);
    if (overflowed) continue;
    updates++;
    largest = Math.max(largest, gradNorm);
  }
  const [record] = await engine.history(1);
  const end = {
    largest,
    record: { ...record, lossScale: 1 },
    report: await engine.report(),
    gradients: await all(engine, "gradients"),
    weights: await all(engine, "weights"),
  };
  const scale = record.lossScale, state = await engine.lossScaling();
  const memory = engine.plans.memory.total;
  engine.close();
  return { end, scale, skipped: state?.skipped, memory };
}

deviceTest(
  "a scaled loss trains to the bits of an unscaled one, whatever overflows",
  async () => {
    const plain = await fiveUpdates({});
    assertEquals(plain.skipped, undefined);
    const scaled = await fiveUpdates({ lossScaling: scaling(2 ** 12) });
    assertEquals(scaled.end, plain.end);
    // Doubled after the third update.
    assertEquals([scaled.scale, scaled.skipped], [2 ** 13, 0]);
    // Two thirds of the range of an exponent above what squares can take.
    const huge = await fiveUpdates({ lossScaling: scaling(2 ** 80) });
    assertEquals(huge.end, plain.end);
    assert(huge.skipped! > 2, `${huge.skipped}`);
    // Off, it takes no memory.
    assert(scaled.memory > plain.memory);
  },
);

deviceTest(
  "a scale that large gradients overflow falls until they do not",
  async () => {
    // Gradients of about 1e17: their squares fit in f32, but not 2^32 of them.
    const plain = await fiveUpdates({}, 1e18);
    assert(plain.end.largest > 1e15, `${plain.end.largest}`);
    const scaled = await fiveUpdates({ lossScaling: scaling(2 ** 16) }, 1e18);
    // Squares of the smallest gradients vanish without a scale.
    const { report: _, ...want } = plain.end;
    const { report: __, ...got } = scaled.end;
    assertEquals(got, want);
    assert(scaled.skipped! > 2 && scaled.scale < 2 ** 14, `${scaled.scale}`);
  },
);
