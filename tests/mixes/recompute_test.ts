import { assert, assertEquals } from "@std/assert";
import type { Recompute } from "../../src/engine/step_plans.ts";
import type { Model } from "../../src/model/model.ts";
import { deviceTest } from "../helpers/device.ts";
import { stepOptions } from "../helpers/engine.ts";
import { CONFIGURATIONS } from "./_configs.ts";
import { noisyValues, openTiny, readAll, tiny, tinyBatch } from "./_tiny.ts";

for (const { name, ...configuration } of CONFIGURATIONS) {
  deviceTest(`recomputation changes no bit of ${name}`, async () => {
    const { model } = tiny(configuration);
    const kept = await trained(model, "none");
    for (const recompute of ["block", "attention"] as const) {
      const { activations, ...again } = await trained(model, recompute);
      const { activations: all, ...wanted } = kept;
      assertEquals(again, wanted, recompute);
      assert(activations <= all, `${activations} of ${all} bytes`);
    }
  });
}

/** Gradients and weights of two updates, of two micro-batches each. */
async function trained(model: Model, recompute: Recompute) {
  const engine = await openTiny(model, { recompute, accumulation: 2 });
  try {
    for (const [name, values] of noisyValues(engine)) {
      const spec = model.parameters.find((p) => p.name === name);
      if (spec && !engine.isTrained(spec)) continue;
      engine.write("weights", name, Float32Array.from(values));
    }
    const batches = [tinyBatch(3), tinyBatch(4)];
    await engine.step(batches, stepOptions(1));
    await engine.step(batches, stepOptions(2));
    return {
      gradients: await readAll(engine, "gradients"),
      weights: await readAll(engine, "weights"),
      losses: await engine.history(2),
      activations: engine.plans.memory.activations,
    };
  } finally {
    engine.close();
  }
}
