import { assertEquals, assertThrows } from "@std/assert";
import {
  TimeLimitError,
  withTimeLimit,
} from "../../../src/data/tokenizers/time_limit.ts";

const endless = () => /^(a+)+$/v.test("a".repeat(60) + "b");

Deno.test("withTimeLimit() returns what the work returns, and throws what it throws", () => {
  assertEquals(withTimeLimit(1000, () => ({ a: 1 })), { a: 1 });
  const { message } = assertThrows(
    () =>
      withTimeLimit(1000, () => {
        throw new RangeError("of the work");
      }),
    RangeError,
  );
  assertEquals(message, "of the work");
});

Deno.test("withTimeLimit() interrupts a pattern and a loop, and works again", () => {
  for (
    const work of [endless, () => {
      for (;;);
    }]
  ) {
    const { seconds } = assertThrows(
      () => withTimeLimit(200, work),
      TimeLimitError,
    );
    assertEquals(seconds, 0.2);
    assertEquals(withTimeLimit(200, () => "again"), "again");
  }
});

Deno.test("withTimeLimit() does not count time in which the thread does not run", () => {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  let starts = 0;
  const waits = () => {
    starts++;
    return Atomics.wait(shared, 0, 0, 150);
  };
  assertEquals(withTimeLimit(100, waits), "timed-out");
  assertEquals(starts, 2);
});
