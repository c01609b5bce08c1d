import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Batch } from "../../src/data/loader/batch.ts";
import type { BatchLoader } from "../../src/data/loader/batch_loader.ts";
import type { StepRecord } from "../../src/engine/step_state.ts";
import type { TrainEngine } from "../../src/engine/train_engine.ts";
import { LossHistory } from "../../src/train/loss_history.ts";
import { NonFiniteStepError } from "../../src/train/non_finite_step.ts";
import { StepClock } from "../../src/train/step_clock.ts";

const SLOTS = 16;

/**
 * A history whose device records losses 1, 2, …; that of `bad` is not finite.
 */
function historyOf({ bad = Infinity, lossAverage = "micro_batches" } = {}) {
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
          skipped: false,
          lossScale: 1,
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
  const history = new LossHistory(
    engine,
    loader,
    new StepClock(0, (step) => step),
  );
  /** Announces a step and draws its batches. */
  const step = (counted = 1) => {
    const slot = history.add();
    loader.next();
    history.weigh([{ counted }, { counted }] as Batch[]);
    return slot;
  };
  return { history, loader, step };
}

Deno.test("LossHistory gives slots in turn, and starts over once they are read", async () => {
  const { history, step } = historyOf();
  assertEquals([step(), step(), step()], [0, 1, 2]);
  assert(history.hasUnread && history.isFull);
  await history.read(3);
  assert(!history.hasUnread);
  assertEquals(step(), 0);
});

Deno.test("LossHistory sums up what was read since the last summary", async () => {
  const { history, step } = historyOf();
  step();
  await history.read(1);
  step();
  step();
  await history.read(3);
  assertEquals(history.summary(), { loss: 2, gradNorm: 6 });
  step();
  await history.read(4);
  assertEquals(history.summary(), { loss: 4, gradNorm: 8 });
});

Deno.test("LossHistory weighs steps by tokens where losses are averaged so", async () => {
  for (
    const [lossAverage, loss] of [["micro_batches", 1.5], ["tokens", 1.25]]
  ) {
    const { history, step } = historyOf({ lossAverage: `${lossAverage}` });
    step(30);
    step(10);
    await history.read(2);
    assertEquals(history.summary(), { loss, gradNorm: 4 });
  }
});

Deno.test("LossHistory waits twice as long after each reading, up to its slots", async () => {
  const { history, step } = historyOf();
  const lengths: number[] = [];
  for (let done = 0; lengths.length < 6;) {
    let length = 0;
    while (!history.isFull) {
      step();
      length++;
    }
    lengths.push(length);
    await history.read(done += length);
  }
  // Steps of these fakes take far less than a second.
  assertEquals(lengths, [1, 2, 4, 8, 16, 16]);
});

Deno.test("LossHistory names the first bad step, and goes back to before it", async () => {
  const { history, loader, step } = historyOf({ bad: 6 });
  for (let i = 0; i < 4; i++) step();
  await history.read(4);
  for (let i = 0; i < 3; i++) step();
  const error = await assertRejects(
    () => history.read(7),
    NonFiniteStepError,
    "loss NaN, gradient norm 12, not finite first in 'w' (the weights themselves; 1 values)",
  );
  assertEquals(error.step, 6);
  // Step 6 was drawn again, from where the loader stood before it.
  assertEquals(loader.state, { epoch: 0, position: 6 });
});
