import { assert, assertEquals } from "@std/assert";
import {
  loadTrainState,
  writeTrainState,
} from "../../src/checkpoint/train_state.ts";
import type { StepPlanOptions } from "../../src/engine/step_plans.ts";
import type { TrainEngine } from "../../src/engine/train_engine.ts";
import type { Model } from "../../src/model/model.ts";
import { deviceTest, gpu } from "../helpers/device.ts";
import { stepOptions } from "../helpers/engine.ts";
import { tempDir } from "../helpers/files.ts";
import { CONFIGURATIONS } from "./_configs.ts";
import {
  noisyValues,
  openTiny,
  readAll,
  SEED,
  tiny,
  tinyBatch,
} from "./_tiny.ts";

/** Of the 142 configurations, the first of each file and some that mix much. */
const SOME = CONFIGURATIONS.filter((_, i) => i % 24 === 23);

/**
 * Largest share by which a loss in fp16 is off, here: of all configurations,
 * the median is 8e-5 and the largest 1.4e-3.
 */
const NEAR = 3e-3;

for (const { name, ...configuration } of SOME) {
  deviceTest(
    `fp16 nears fp32, recomputed and resumed to the bit: ${name}`,
    async () => {
      if (!(await gpu()).limits.f16) {
        return console.log("skipped: no shader-f16");
      }
      const { model } = tiny(configuration);
      const full = await trained(model, {});
      for (const residualPrecision of ["fp32", "fp16"] as const) {
        const options = { precision: "fp16", residualPrecision } as const;
        const kept = await trained(model, options);
        kept.losses.forEach((loss, i) => {
          const off = Math.abs(loss / full.losses[i] - 1);
          assert(off < NEAR, `${loss} in place of ${full.losses[i]}`);
        });
        for (const recompute of ["block", "attention"] as const) {
          const again = await trained(model, { ...options, recompute });
          assertEquals(again, kept, `${residualPrecision} ${recompute}`);
        }
        assertEquals(await trained(model, options, true), kept, "resumed");
      }
    },
  );
}

/**
 * Two updates of two micro-batches each.
 *
 * @param resumed whether another engine takes the second, from a checkpoint
 */
async function trained(
  model: Model,
  options: Partial<StepPlanOptions>,
  resumed = false,
) {
  const open = () => openTiny(model, { accumulation: 2, ...options });
  const batches = [tinyBatch(3), tinyBatch(4)];
  let engine = await open();
  try {
    for (const [name, values] of noisyValues(engine)) {
      const spec = model.parameters.find((p) => p.name === name);
      if (spec && !engine.isTrained(spec)) continue;
      engine.write("weights", name, Float32Array.from(values));
    }
    await engine.step(batches, stepOptions(1));
    const [first] = await engine.history(1);
    if (resumed) {
      using folder = tempDir();
      await save(folder.path, engine);
      engine.close();
      engine = await open();
      loadTrainState(folder.path, engine);
    }
    await engine.step(batches, stepOptions(2));
    const [, second] = await engine.history(2);
    const kinds = ["gradients", "weights", "exp_avg", "exp_avg_sq"] as const;
    return {
      losses: [first.loss, second.loss],
      tensors: await Promise.all(kinds.map((kind) => readAll(engine, kind))),
    };
  } finally {
    engine.close();
  }
}

const save = (folder: string, engine: TrainEngine) =>
  writeTrainState(folder, engine, {
    format: 1,
    step: 1,
    tokens: 0,
    seed: SEED,
    sampler: { epoch: 0, position: 0 },
    schedule: { learningRate: 1e-2, end: 0, warmup: 0, total: 2, power: 1 },
    data: "two batches",
  });
