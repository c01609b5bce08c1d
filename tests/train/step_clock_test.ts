import { assertEquals } from "@std/assert";
import { StepClock } from "../../src/train/step_clock.ts";

/** Runs a test on a clock that moves only when told to. */
async function withTime(
  test: (pass: (ms: number) => void) => Promise<void>,
): Promise<void> {
  const { now } = performance;
  let time = 5000;
  performance.now = () => time;
  try {
    await test((ms) => time += ms);
  } finally {
    performance.now = now;
  }
}

Deno.test("StepClock counts training time alone, on top of earlier processes'", () =>
  withTime(async (pass) => {
    const clock = new StepClock(100, (step) => 64 * step);
    pass(2000);
    const work = () => Promise.resolve("done").finally(() => pass(9000));
    assertEquals(await clock.pause(work), "done");
    pass(1000);
    assertEquals([clock.seconds, clock.elapsed], [3, 103]);
  }));

Deno.test("StepClock.pause() also ends where the work fails", () =>
  withTime(async (pass) => {
    const clock = new StepClock(0, (step) => 64 * step);
    const work = () => Promise.reject(new Error()).finally(() => pass(9000));
    await clock.pause(work).catch(() => {});
    pass(1000);
    assertEquals(clock.seconds, 1);
  }));

Deno.test("StepClock.lap() gives rates of the steps since the last one", () =>
  withTime(async (pass) => {
    const clock = new StepClock(0, (step) => 64 * step);
    pass(7000);
    clock.startLap(10, 500);
    pass(2000);
    assertEquals(clock.lap(14, 540), {
      steps: 4,
      seconds: 2,
      tokensPerSecond: 128,
      waitMs: 10,
    });
    await clock.pause(() => Promise.resolve(pass(9000)));
    pass(500);
    assertEquals(clock.lap(15, 541), {
      steps: 1,
      seconds: 0.5,
      tokensPerSecond: 128,
      waitMs: 1,
    });
  }));
