import { assert, assertEquals } from "@std/assert";
import {
  readTrainState,
  writeTrainState,
} from "../../src/checkpoint/train_state.ts";
import type { Session } from "../../src/engine/train_engine.ts";
import type { Batch } from "../../src/data/loader/batch.ts";
import { initialiseWeights } from "../../src/engine/initial_weights.ts";
import { deviceTest } from "../helpers/device.ts";
import { assertClose, inner, randoms } from "../reference/numbers.ts";
import { tempDir } from "../helpers/files.ts";
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
      const session = await openTiny(model);
      try {
        await checkGradient(session, loss);
        await checkTraining(session, tinyBatch(3), /drop/.test(name));
      } finally {
        session.close();
      }
    },
  );
}

/**
 * Holds loss and gradient to float64: the gradient of each parameter along a
 * random direction, against central differences of the float64 loss.
 */
async function checkGradient(session: Session, loss: Loss): Promise<void> {
  const batch = tinyBatch(5), step = 5;
  const values = noisyValues(session);
  for (const [name, array] of values) {
    const spec = session.model.parameters.find((p) => p.name === name);
    if (spec && !session.trains(spec)) continue;
    session.write("weights", name, Float32Array.from(array));
  }
  session.gradient([batch], step);
  const lookUp = (name: string) => {
    const array = values.get(name);
    if (!array) throw new RangeError(`The model has no '${name}'`);
    return array;
  };
  const want = () => loss(lookUp, batch, new Drops([SEED, step, 0]));
  const near = { relative: 2e-6, absolute: 2e-6 };
  assertClose("loss", [await session.loss()], [want()], near);
  for (const [name, gradient] of await readAll(session, "gradients")) {
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
  for (const spec of session.model.parameters) {
    if (!spec.trainable || session.trains(spec)) continue;
    const array = values.get(spec.name)!, was = want();
    array.forEach((_, i) => array[i] += 0.1);
    assertEquals(want(), was, spec.name);
    array.forEach((_, i) => array[i] -= 0.1);
  }
}

/**
 * Trains on one batch, half way through a checkpoint: the loss falls, and what
 * is read back is what was written. With dropout, whose masks must come again,
 * another session repeats the second half to the bit.
 */
async function checkTraining(
  session: Session,
  batch: Batch,
  dropout: boolean,
): Promise<void> {
  const half = 10;
  const train = (session: Session, done: number) => {
    for (let i = 1; i <= half; i++) {
      session.step([batch], done + i, 1e-2, i % 4, 1);
    }
  };
  const evaluated = async () => {
    session.clearLoss();
    session.evaluate(batch, 1);
    return await session.loss();
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

  initialiseWeights(session, SEED);
  session.clear();
  const start = await evaluated();
  train(session, 0);
  const saved = await everything(session);
  await writeTrainState(folder.path, session, state);
  train(session, half);
  const end = await evaluated();
  assert(end < start - 0.1, `${start} to ${end}`);

  const straight = dropout ? await everything(session) : null;
  const other = dropout ? await openTiny(session.model) : session;
  try {
    initialiseWeights(other, SEED + 1);
    assertEquals(readTrainState(folder.path, other), state);
    assertEquals(await everything(other), saved);
    if (!straight) return;
    train(other, half);
    assertEquals(await everything(other), straight);
  } finally {
    if (other !== session) other.close();
  }
}

/** Weights, moments, and what is fixed. */
async function everything(session: Session) {
  const kinds = ["weights", "exp_avg", "exp_avg_sq"] as const;
  return {
    trained: await Promise.all(kinds.map((kind) => readAll(session, kind))),
    fixed: await Promise.all(
      session.model.fixed.map(({ name, shape }) =>
        session.executor.read(name, 4 * shape.reduce((a, b) => a * b))
      ),
    ),
  };
}
