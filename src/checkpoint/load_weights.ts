/**
 * How do weights in the authors' names get from a file onto the device?
 * @module
 */
import { countNonFinite } from "../engine/non_finite.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { elements, type ParameterSpec } from "../model/parameters.ts";
import type { SafetensorsFile } from "./safetensors.ts";
import { validateTensors } from "./validate_tensors.ts";

/** An engine that holds the weights of a model on its device. */
export interface WeightSink {
  readonly model: Model;
  isTrained(spec: ParameterSpec): boolean;
  write(kind: "weights", name: string, values: Float32Array): void;
}

/**
 * Loads weights from a file in the authors' names.
 *
 * @param sink receives them; parameters that are not on the device are only
 *   checked
 * @param fixedFile holds the fixed tensors, where they are in a separate file
 * @throws {UserError} on a missing, extra or mis-shaped tensor, on values that
 *   are not finite, and where a parameter that is not trained differs from what
 *   the config says
 */
export function loadWeights(
  sink: WeightSink,
  file: SafetensorsFile,
  fixedFile: SafetensorsFile = file,
): void {
  const { model } = sink;
  checkWeights(model, file, fixedFile);
  for (const spec of model.parameters) {
    const values = checkFinite(readFloats(file, spec), spec.name, file.path);
    if (sink.isTrained(spec)) sink.write("weights", spec.name, values);
    // A trainable one outside the graph (a matrix with gain 0) has no effect.
    else if (!spec.trainable) checkConstant(spec, values, file.path);
  }
  for (const { name, values } of model.fixed) {
    const from = fixedFile.tensors.has(name) ? fixedFile : undefined;
    sink.write(
      "weights",
      name,
      from
        ? checkFinite(readFloats(from, { name }), name, from.path)
        : values(0),
    );
  }
}

/**
 * Checks names and shapes against the model's. Tied copies, markers, and fixed
 * tensors that can be recomputed may be missing.
 */
function checkWeights(
  model: Model,
  file: SafetensorsFile,
  fixedFile: SafetensorsFile = file,
): void {
  const shapes = new Map(model.parameters.map((p) => [p.name, p.shape]));
  const optional = [
    ...Object.entries(model.tied).map(([name, of]) => ({
      name,
      shape: shapes.get(of)!,
    })),
    ...model.markers,
  ].filter((t) => file.tensors.has(t.name));
  const fixed = model.fixed.filter((t) =>
    t.saved || fixedFile.tensors.has(t.name)
  );
  const own = [...model.parameters, ...optional];
  if (fixedFile === file) validateTensors([...own, ...fixed], file);
  else {
    validateTensors(own, file);
    validateTensors(fixed, fixedFile);
  }
}

/**
 * The values of one parameter.
 *
 * @throws {UserError} if they are not 32-bit floats
 */
export function readFloats(
  file: SafetensorsFile,
  spec: { name: string },
): Float32Array<ArrayBuffer> {
  const values = file.read(spec.name);
  if (!(values instanceof Float32Array)) {
    throw new UserError(
      `Cannot use '${spec.name}' of '${file.path}' as it must hold floats of 16 or 32 bits: convert it`,
    );
  }
  return values;
}

/**
 * Returns values if all of them are finite.
 *
 * @throws {UserError} naming the tensor and its file
 */
export function checkFinite(
  values: Float32Array<ArrayBuffer>,
  name: string,
  path: string,
): Float32Array<ArrayBuffer> {
  const bad = countNonFinite(values);
  if (bad === 0) return values;
  throw new UserError(
    `Cannot use '${name}' of '${path}' as its values must be finite: ${bad} of ${values.length} are not`,
  );
}

/**
 * A parameter that is not trained must have the value that the config gives it.
 */
function checkConstant(
  spec: ParameterSpec,
  values: Float32Array,
  path: string,
): void {
  const { init } = spec;
  if (init.kind !== "constant") return;
  const expected = Math.fround(init.value);
  const at = values.findIndex((x) => x !== expected);
  if (at >= 0) {
    throw new UserError(
      `Cannot use '${path}' as '${spec.name}' must be ${expected} everywhere, as configured (it is not trained): element ${at} of ${
        elements(spec)
      } is ${values[at]}`,
    );
  }
}
