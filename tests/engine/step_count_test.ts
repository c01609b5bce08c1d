import { assertEquals } from "@std/assert";
import { StepCount } from "../../src/engine/step_count.ts";

const total = { totalSteps: 10 };

Deno.test("StepCount counts every step of the Trainer's, skipped or not", () => {
  const rule = { ...total, countsSkipped: true, endsByUpdates: false };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  assertEquals([count.drawn, count.step, count.updates], [7, 7, 5]);
  count.drawn += 2;
  count.skipped++;
  assertEquals([count.step, count.updates, count.isOver], [9, 6, false]);
  count.drawn++;
  assertEquals(count.isOver, true);
});

Deno.test("StepCount counts fairseq's updates alone", () => {
  const rule = { ...total, countsSkipped: false, endsByUpdates: true };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  assertEquals([count.drawn, count.step, count.updates], [9, 7, 7]);
  count.drawn += 3;
  // As far as is known; then one of them turns out to be none.
  assertEquals([count.step, count.isOver], [10, true]);
  count.skipped++;
  assertEquals([count.step, count.isOver], [9, false]);
  assertEquals(count.numberOf(count.drawn - 1), 8);
});

Deno.test("StepCount ends fairseq's epochs by their batches", () => {
  const rule = { ...total, countsSkipped: false, endsByUpdates: false };
  const count = new StepCount(rule, { step: 7, skipped: 2 });
  count.drawn++;
  assertEquals([count.step, count.isOver], [8, true]);
});
