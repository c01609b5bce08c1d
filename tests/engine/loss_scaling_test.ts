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

/** Losses, gradients, their norms and weights of five steps, all applied. */
async function fiveUpdates(options: Partial<StepPlanOptions>) {
  const engine = await openEngine({
    accumulation: 2,
    report: REPORT,
    ...options,
  });
  // An overflow of the scale changes nothing.
  let step = 0, updates = 0;
  while (updates < 5) {
    const batches = split(sequences(4, updates), 2);
    const skipped = step - updates;
    await engine.step(batches, {
      ...stepOptions(++step, 0),
      skipped,
      learningRate: 1e-2 / (1 + updates),
    });
    if (!(await engine.history(1))[0].skipped) updates++;
  }
  const [record] = await engine.history(1);
  const end = {
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
