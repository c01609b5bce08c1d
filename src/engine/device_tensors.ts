/** Which tensors of a run lie on the device, and under which names? @module */
import type { Executor } from "../gpu/executor.ts";
import { structBytes } from "../gpu/struct_layout.ts";
import { gradientName } from "../graph/differentiate.ts";
import { elements } from "../model/parameters.ts";
import { aligned } from "../plan/plan.ts";
import { inputBytes, recentRows } from "./memory.ts";
import { allocateCopies, storageTypes } from "./precision.ts";
import { INPUTS, RANDOM, SCALING, type StepPlans } from "./step_plans.ts";
import { stepRecords } from "./step_records.ts";

/** Allocates everything that the plans of a run read and write, by name. */
export function allocateTensors(executor: Executor, plans: StepPlans): void {
  const { layout, model, options } = plans;
  const { scalars, control, history, random, lossScaling, updateRates } =
    stepRecords();
  for (const kind of ["weights", "gradients", "exp_avg", "exp_avg_sq"]) {
    layout.shards.forEach((shard, i) =>
      executor.allocate(`${kind}.${i}`, shard.elements * 4)
    );
  }
  for (const [name, { shard, offset, bytes }] of layout.positions) {
    for (
      const [kind, alias] of [["weights", name], [
        "gradients",
        gradientName(name),
      ]]
    ) {
      const { buffer } = executor.rangeOf(`${kind}.${shard}`);
      executor.define(alias, { buffer, offset, size: bytes });
    }
  }
  allocateCopies(executor, layout, storageTypes(options));
  for (const fixed of model.fixed) {
    executor.allocate(fixed.name, 4 * elements(fixed));
  }
  const { micro, evaluation, upload } = inputBytes(model, options);
  const { buffer } = executor.allocate("batch", upload);
  const names = [INPUTS.tokens, INPUTS.targets, INPUTS.order];
  names.forEach((name, i) => {
    executor.define(name, { buffer, offset: i * aligned(micro), size: micro });
    executor.allocate(`${name}.eval`, evaluation);
  });
  executor.define("loss_scale", {
    buffer,
    offset: 3 * aligned(micro),
    size: 4,
  });
  executor.define(RANDOM, {
    buffer,
    offset: 3 * aligned(micro) + aligned(4),
    size: structBytes(random),
  });
  executor.allocate("loss_scale.eval", 4);
  executor.allocate("loss", 4);
  executor.allocate("control", structBytes(control));
  executor.allocate("step", structBytes(scalars));
  executor.allocate("history", options.historySlots * structBytes(history));
  if (!options.lossScaling) return;
  executor.allocate(SCALING.record, structBytes(lossScaling));
  executor.allocate(SCALING.gradientScale, 4);
  executor.allocate(
    SCALING.recent,
    recentRows(options) * structBytes(updateRates),
  );
}
