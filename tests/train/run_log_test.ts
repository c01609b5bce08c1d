import { assertEquals } from "@std/assert";
import { waitHint } from "../../src/train/run_log.ts";

Deno.test("waitHint() reports lasting waits once, and not those of the first steps", () => {
  const first = waitHint();
  assertEquals(first(1, 2, 1900), null);
  for (let i = 0; i < 30; i++) assertEquals(first(10, 1, 4), null);
  const hint = waitHint();
  hint(1, 1, 0);
  for (let i = 0; i < 9; i++) assertEquals(hint(10, 1, 12), null);
  assertEquals(
    hint(10, 1, 12),
    "waiting for data: 12.0 ms of 100 ms per step; put data.cache on a faster disk",
  );
  assertEquals(hint(10, 1, 12), null);
});
