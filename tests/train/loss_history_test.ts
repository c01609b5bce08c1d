import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../src/data/loader/batch.ts";
import type { BatchLoader } from "../../src/data/loader/batch_loader.ts";
import type { StepRecord } from "../../src/engine/step_state.ts";
import type { TrainEngine } from "../../src/engine/train_engine.ts";
import { StepCount } from "../../src/engine/train_settings.ts";
import { LossHistory } from "../../src/train/loss_history.ts";
import { NonFiniteStepError } from "../../src/train/non_finite_step.ts";
import { StepClock } from "../../src/train/step_clock.ts";

const SLOTS = 16;

/**
 * A history whose device records losses 1, 2, …; that of `bad` is not finite,
 * and those of `skipped` overflowed.
 */
function historyOf(
  {
    bad = Infinity,
    lossAverage = "micro_batches",
    skipped = [] as number[],
    countsSkipped = true,
  } = {},
) {
  let read = 0, position = 0;
  const engine = {
    plans: {
      options: { historySlots: SLOTS, lossAverage },
      trained: [{ name: "w" }],
    },
    history: (count: number): Promise<StepRecord[]> =>
      Promise.resolve(Array.from({ length: count }, () => {
        const loss = ++read, nonFinite = loss >= bad;
        return {
          loss: nonFinite ? NaN : loss,
          gradNorm: 2 * loss,
          nonFinite,
          skipped: skipped.includes(loss),
          lossScale: 2 ** -loss,
        };
      })),
    read: () => Promise.resolve(Float32Array.of(1, NaN)),
  } as unknown as TrainEngine;
  const loader = {
    get state() {
      return { epoch: 0, position };
    },
    restore: (state: { position: number }) => position = state.position,
    next: () => (position++, []),
  } as unknown as BatchLoader;
  const count = new StepCount(
    { countsSkipped, endsByUpdates: false, totalSteps: 100 },
    { step: 0, skipped: 0 },
  );
  const history = new LossHistory(
    engine,
    loader,
    new StepClock(0, (step) => step),
    count,
  );
  /** Announces a step and draws its batches. */
  const step = (counted = 1) => {
    const slot = history.add();
    count.drawn++;
    loader.next();
    history.weigh([{ counted }, { counted }] as Batch[]);
    return slot;
  };
  return { history, loader, step, count };
}

Deno.test("LossHistory gives slots in turn, and starts over once they are read", async () => {
  const { history, step } = historyOf();
  assertEquals([step(), step(), step()], [0, 1, 2]);
  assert(history.hasUnread && history.isFull);
  await history.read();
  assert(!history.hasUnread);
  assertEquals(step(), 0);
});

Deno.test("LossHistory sums up what was read since the last summary", async () => {
  const { history, step } = historyOf();
  step();
  await history.read();
  step();
  step();
  await history.read();
  assertEquals(history.summary(), {
    loss: 2,
    gradNorm: 6,
    lossScale: 1 / 8,
  });
  step();
  await history.read();
  assertEquals(history.summary(), {
    loss: 4,
    gradNorm: 8,
    lossScale: 1 / 16,
  });
  assertEquals(history.summary(), null);
});

Deno.test("LossHistory weighs steps by tokens where losses are averaged so", async () => {
  for (
    const [lossAverage, loss] of [
      ["micro_batches", 1.5],
      ["tokens", 1.25],
    ] as const
  ) {
    const { history, step } = historyOf({ lossAverage });
    step(30);
    step(10);
    await history.read();
    assertEquals(history.summary()!.loss, loss);
  }
});

Deno.test("LossHistory waits twice as long after each reading, up to its slots", async () => {
  const { history, step } = historyOf();
  const lengths: number[] = [];
  while (lengths.length < 6) {
    let length = 0;
    while (!history.isFull) {
      step();
      length++;
    }
    lengths.push(length);
    await history.read();
  }
  // Steps of these fakes take far less than a second.
  assertEquals(lengths, [1, 2, 4, 8, 16, 16]);
});

Deno.test("LossHistory names the first bad step, and goes back to before it", async () => {
  const { history, loader, step } = historyOf({ bad: 6 });
  for (let i = 0; i < 4; i++) step();
  await history.read();
  for (let i = 0; i < 3; i++) step();
  const error = await assertRejects(
    () => history.read(),
    NonFiniteStepError,
    "loss NaN, gradient norm 12, not finite first in 'w' (the weights themselves; 1 values)",
  );
  assertEquals(error.step, 6);
  // Step 6 was drawn again, from where the loader stood before it.
  assertEquals(loader.state, { epoch: 0, position: 6 });
});

Deno.test("LossHistory counts skipped steps, and their losses where they count", async () => {
  for (const [countsSkipped, loss] of [[true, 2], [false, 1]] as const) {
    const { history, step, count } = historyOf({
      countsSkipped,
      skipped: [2, 3],
    });
    for (let i = 0; i < 3; i++) step();
    await history.read();
    assertEquals([count.drawn, count.skipped, count.updates], [3, 2, 1]);
    assertEquals(count.step, countsSkipped ? 3 : 1);
    assertEquals(history.summary(), { loss, gradNorm: 2, lossScale: 1 / 8 });
  }
});

Deno.test("LossHistory sums up skipped steps alone, where they count", async () => {
  for (const countsSkipped of [true, false]) {
    const { history, step } = historyOf({ countsSkipped, skipped: [1] });
    step();
    await history.read();
    const summary = { loss: 1, gradNorm: undefined, lossScale: 0.5 };
    assertEquals(history.summary(), countsSkipped ? summary : null);
  }
});

Deno.test("LossHistory names a bad step by the run's number of it", async () => {
  for (const [countsSkipped, number] of [[true, 6], [false, 4]] as const) {
    const { history, step } = historyOf({
      countsSkipped,
      bad: 6,
      skipped: [2, 5],
    });
    for (let i = 0; i < 3; i++) step();
    await history.read();
    for (let i = 0; i < 4; i++) step();
    const error = await assertRejects(() => history.read(), NonFiniteStepError);
    assertEquals(error.step, number);
  }
});
