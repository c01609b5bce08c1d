/** The graph of an optimizer step. @module */
import { stepRecords } from "../../src/engine/step_records.ts";
import { Graph, type StorageTypes } from "../../src/graph/graph.ts";
import { adamStep } from "../../src/optim/adam.ts";
import { lossScaling } from "../../src/optim/loss_scaling.ts";

/** No config key of loss scaling is set. */
const NO_KEYS = {
  fp16_init_scale: null,
  fp16_scale_window: null,
  fp16_scale_tolerance: null,
  min_loss_scale: null,
  threshold_loss_scale: null,
};

/** Adam's step, with loss scaling in fairseq's form. */
export function optimizer(
  kind: "adamw_hf" | "adam_fairseq",
  types?: StorageTypes,
): Graph {
  const graph = new Graph(),
    flat = (name: string) => graph.persistent(name, [64]);
  const records = stepRecords(), { scalars, control, history } = records;
  const shard = {
    weights: flat("weights"),
    gradients: flat("gradients"),
    m: flat("m"),
    v: flat("v"),
    copy: types && graph.persistent("copy", [64], types.activations),
    decayed: 32,
  };
  adamStep(graph, [shard], {
    loss: graph.persistent("loss", [1]),
    step: graph.input("step", [scalars.fields.length]),
    control: graph.persistent("control", [control.fields.length]),
    history: graph.persistent("history", [4, history.fields.length]),
    lossScaling: kind === "adamw_hf" ? undefined : {
      options: lossScaling(kind, NO_KEYS, 1),
      record: graph.persistent("scaling", [records.lossScaling.fields.length]),
      recent: graph.persistent("recent", [
        5,
        records.updateRates.fields.length,
      ]),
    },
  }, { kind, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 });
  return graph;
}
