/**
 * Which records do host and kernels exchange in a step? Their fields are read
 * from the kernels' files, so that neither side states an order.
 * @module
 */
import { kernelText } from "../gpu/kernel_files.ts";
import { parseStruct, type StructLayout } from "../gpu/struct_layout.ts";

/** Layouts of the records of a step. */
export interface StepRecords {
  /** Scalars of one optimizer step, from `stepScalars`. */
  scalars: StructLayout;
  /** What an update may do: device only. */
  control: StructLayout;
  /** State of loss scaling. */
  lossScaling: StructLayout;
  /** Rates of an earlier update: device only. */
  updateRates: StructLayout;
  /** What the device reports of one step. */
  history: StructLayout;
  /** What dropout's random numbers depend on, for one micro-batch. */
  random: StructLayout;
}

let records: StepRecords | undefined;

/** The layouts, parsed on first use. */
export function stepRecords(): StepRecords {
  const layout = (file: string, name: string) =>
    parseStruct(file, kernelText(file), name);
  return records ??= {
    scalars: layout("optimizer/step_records", "StepScalars"),
    control: layout("optimizer/step_records", "Control"),
    lossScaling: layout("optimizer/step_records", "LossScaling"),
    updateRates: layout("optimizer/step_records", "UpdateRates"),
    history: layout("optimizer/step_records", "HistoryRecord"),
    random: layout("lib/dropout_random", "DropoutRandom"),
  };
}
