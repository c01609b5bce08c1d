import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  horizonTolerance,
  trajectoryTolerance,
} from "../../src/parity/trajectory_tolerance.ts";

Deno.test("ten updates have the tolerances of the fixtures' README", () => {
  const { loss, gradNorm, finalNorm } = trajectoryTolerance(undefined);
  assertEquals([loss(9), gradNorm(9), finalNorm], [3e-5, 1e-4, 5e-5]);
});

Deno.test("a long trajectory may be four times as far off as the reference", () => {
  const { loss, gradNorm, finalNorm } = trajectoryTolerance({
    steps: [10, 1000],
    "f32 loss": [1e-7, 3e-7],
    "f32_rows_reversed loss": [2e-7, 2e-7],
    "f32 grad_norm rel": [4e-7, 5e-7],
    "f32_rows_reversed grad_norm rel": [1e-7, 6e-7],
  });
  // Updates 0 to 9 are within the first horizon; the last covers the end.
  assertAlmostEquals(loss(9), 8e-7, 1e-15);
  assertAlmostEquals(loss(10), 12e-7, 1e-15);
  assertAlmostEquals(loss(1000), 12e-7, 1e-15);
  assertAlmostEquals(gradNorm(0), 16e-7, 1e-15);
  assertAlmostEquals(gradNorm(999), 24e-7, 1e-15);
  assertAlmostEquals(finalNorm, 24e-7, 1e-15);
});

Deno.test("an update has the tolerance of its horizon", () => {
  const { loss, gradNorm, finalNorm } = horizonTolerance(
    { steps: [10, 100], loss: [1, 2], grad_norm: [3, 4] },
    5,
  );
  assertEquals([9, 10, 99, 100].map(loss), [1, 2, 2, 2]);
  assertEquals([gradNorm(9), gradNorm(10), finalNorm], [3, 4, 5]);
});
