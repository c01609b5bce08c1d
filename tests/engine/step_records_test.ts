import { assertEquals } from "@std/assert";
import { stepRecords } from "../../src/engine/step_records.ts";

Deno.test("stepRecords() have the fields that the engine writes and reads", () => {
  const { scalars, control, history, random, lossScaling, updateRates } =
    stepRecords();
  const names = (layout: typeof scalars) => layout.fields.map((f) => f.name);
  assertEquals(names(scalars).sort(), [
    "decay",
    "eps",
    "history_slot",
    "max_grad_norm",
    "rate",
    "skipped",
    "update",
  ]);
  assertEquals(names(history).sort(), [
    "gradient_norm",
    "loss",
    "loss_scale",
    "outcome",
  ]);
  assertEquals(names(lossScaling).sort(), [
    "overflows",
    "scale",
    "since_overflow",
    "since_rescale",
    "skipped",
  ]);
  assertEquals(names(updateRates), ["rate", "eps", "decay"]);
  assertEquals(names(random).sort(), ["micro_batch", "seed", "step"]);
  // Zeroed by the engine before the first step: an update is not stopped.
  assertEquals(names(control).sort(), [
    "clip",
    "decay",
    "eps",
    "rate",
    "skip",
    "stopped",
  ]);
});
