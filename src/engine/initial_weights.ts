/** Which weights does training start with? @module */
import { initialValues } from "../model/initialise.ts";
import type { TrainEngine } from "./train_engine.ts";

/** Gives every trained parameter and every fixed tensor its initial values. */
export function initialiseWeights(engine: TrainEngine, seed: number): void {
  for (const spec of engine.plans.trained) {
    engine.write("weights", spec.name, initialValues(spec, seed));
  }
  for (const { name, values } of engine.model.fixed) {
    engine.write("weights", name, values(seed));
  }
}
