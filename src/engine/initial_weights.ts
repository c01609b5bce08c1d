/** The weights that training begins with. @module */
import { initialValues } from "../model/initialise.ts";
import type { Session } from "./train_engine.ts";

/** Gives every trained parameter and every fixed tensor its initial values. */
export function initialiseWeights(session: Session, seed: number): void {
  for (const spec of session.program.trained) {
    session.write("weights", spec.name, initialValues(spec, seed));
  }
  for (const { name, values } of session.model.fixed) {
    session.write("weights", name, values(seed));
  }
}
