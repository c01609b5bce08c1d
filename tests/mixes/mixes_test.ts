import { assert, assertEquals } from "@std/assert";
import {
  loadTrainState,
  writeTrainState,
} from "../../src/checkpoint/train_state.ts";
import type { Batch } from "../../src/data/loader/batch.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import type { TrainEngine } from "../../src/engine/train_engine.ts";
import { deviceTest } from "../helpers/device.ts";
import { stepOptions } from "../helpers/engine.ts";
import { tempDir } from "../helpers/files.ts";
import { assertClose, inner, randoms } from "../reference/numbers.ts";
import { CONFIGURATIONS } from "./_configs.ts";
import { Drops, type Loss } from "./_parts.ts";
import {
  noisyValues,
  openTiny,
  readAll,
  SEED,
  tiny,
  tinyBatch,
} from "./_tiny.ts";

Deno.test("at least 60 configurations are generated", () => {
  assert(CONFIGURATIONS.length >= 60, `${CONFIGURATIONS.length}`);
});

for (const { name, ...configuration } of CONFIGURATIONS) {
  deviceTest(
    `a block of ${name} is its float64 model, learns and comes back`,
    async () => {
      const { model, loss } = tiny(configuration);
      const engine = await openTiny(model);
      try {
        await checkGradient(engine, loss);
        await checkTraining(engine, tinyBatch(3), /drop/.test(name));
      } finally {
        engine.close();
      }
    },
  );
}

/**
 * Holds loss and gradient to float64: the gradient of each parameter along a
 * random direction, against central differences of the float64 loss.
 */
async function checkGradient(engine: TrainEngine, loss: Loss): Promise<void> {
  const batch = tinyBatch(5), step = 5;
  const values = noisyValues(engine);
  for (const [name, array] of values) {
    const spec = engine.model.parameters.find((p) => p.name === name);
    if (spec && !engine.isTrained(spec)) continue;
    engine.write("weights", name, Float32Array.from(array));
  }
  await engine.gradient([batch], step);
  const lookUp = (name: string) => {
    const array = values.get(name);
    if (!array) throw new RangeError(`The model has no '${name}'`);
    return array;
  };
  const want = () => loss(lookUp, batch, new Drops([SEED, step, 0]));
  const near = { relative: 2e-6, absolute: 2e-6 };
  assertClose("loss", [await engine.loss()], [want()], near);
  for (const [name, gradient] of await readAll(engine, "gradients")) {
    const array = values.get(name)!, before = array.slice();
    const direction = randoms(array.length, 1);
    const at = (step: number) => {
      direction.forEach((u, i) => array[i] = before[i] + step * u);
      return want();
    };
    const slope = (at(1e-6) - at(-1e-6)) / 2e-6;
    array.set(before);
    const length = Math.sqrt(inner(gradient, gradient));
    assertClose(
      `d loss / d ${name}`,
      [inner(gradient, direction)],
      [slope],
      { relative: 0, absolute: 3e-5 * length + 1e-6 },
    );
  }
  // What no gradient reaches is what the loss does not depend on.
  for (const spec of engine.model.parameters) {
    if (!spec.trainable || engine.isTrained(spec)) continue;
    const array = values.get(spec.name)!, was = want();
    array.forEach((_, i) => array[i] += 0.1);
    assertEquals(want(), was, spec.name);
    array.forEach((_, i) => array[i] -= 0.1);
  }
}

/**
 * Trains on one batch, half way through a checkpoint: the loss falls, and what
 * is read back is what was written. With dropout, whose masks must come again,
 * another engine repeats the second half to the bit.
 */
async function checkTraining(
  engine: TrainEngine,
  batch: Batch,
  dropout: boolean,
): Promise<void> {
  const half = 10;
  const train = async (engine: TrainEngine, done: number) => {
    for (let i = 1; i <= half; i++) {
      await engine.step([batch], stepOptions(done + i, i % 4));
    }
  };
  const evaluated = async () => {
    engine.clearLoss();
    engine.evaluate(batch, 1);
    return await engine.loss();
  };
  using folder = tempDir();
  const state = {
    format: 1 as const,
    step: half,
    tokens: 0,
    seed: SEED,
    sampler: { epoch: 0, position: 0 },
    schedule: { learningRate: 1e-2, end: 0, warmup: 0, total: 20, power: 1 },
    data: "one batch",
  };

  initialiseWeights(engine, SEED);
  engine.clear();
  const start = await evaluated();
  await train(engine, 0);
  const saved = await everything(engine);
  await writeTrainState(folder.path, engine, state);
  await train(engine, half);
  const end = await evaluated();
  assert(end < start - 0.1, `${start} to ${end}`);

  const straight = dropout ? await everything(engine) : null;
  const other = dropout ? await openTiny(engine.model) : engine;
  try {
    initialiseWeights(other, SEED + 1);
    assertEquals(loadTrainState(folder.path, other), state);
    assertEquals(await everything(other), saved);
    if (!straight) return;
    await train(other, half);
    assertEquals(await everything(other), straight);
  } finally {
    if (other !== engine) other.close();
  }
}

/** Weights, moments, and what is fixed. */
async function everything(engine: TrainEngine) {
  const kinds = ["weights", "exp_avg", "exp_avg_sq"] as const;
  return {
    trained: await Promise.all(kinds.map((kind) => readAll(engine, kind))),
    fixed: await Promise.all(
      engine.model.fixed.map(({ name, shape }) =>
        engine.executor.read(name, 4 * shape.reduce((a, b) => a * b))
      ),
    ),
  };
}
