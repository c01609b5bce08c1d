import { assertEquals } from "@std/assert";
import { stepRecords } from "../../src/engine/step_records.ts";

Deno.test("stepRecords() have the fields that the engine writes and reads", () => {
  const { scalars, control, history, random } = stepRecords();
  const names = (layout: typeof scalars) => layout.fields.map((f) => f.name);
  assertEquals(names(scalars).sort(), [
    "decay",
    "eps",
    "history_slot",
    "max_grad_norm",
    "rate",
  ]);
  assertEquals(names(history).sort(), ["gradient_norm", "loss", "non_finite"]);
  assertEquals(names(random).sort(), ["micro_batch", "seed", "step"]);
  // Zeroed by the engine before the first step: an update is not stopped.
  assertEquals(names(control).sort(), ["clip", "stopped"]);
});
