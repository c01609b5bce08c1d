/** Which values does a parameter start training with? @module */
import { elements, type ParameterSpec } from "./parameters.ts";
import { fillNormal, fillUniform } from "./random.ts";

/**
 * Initial values of a parameter: equal for equal `(seed, name)`, independent of
 * the other parameters.
 *
 * @returns `elements(spec)` floats, row-major
 */
export function initialValues(
  spec: ParameterSpec,
  seed: number,
): Float32Array<ArrayBuffer> {
  const { init, shape } = spec;
  const values = new Float32Array(elements(spec));
  const columns = shape[shape.length - 1];
  switch (init.kind) {
    case "constant":
      return values.fill(init.value);
    case "identity":
      for (let i = 0; i < columns; i++) values[i * (columns + 1)] = 1;
      return values;
    case "uniform":
      fillUniform(seed, spec.name, values);
      return values.map((u) => init.bound * (2 * u - 1));
    case "orthogonal":
      fillNormal(seed, spec.name, values);
      return orthonormalise(values, columns);
    case "normal": {
      fillNormal(seed, spec.name, values);
      const deviations = typeof init.std === "number" ? [init.std] : init.std;
      const part = columns / deviations.length;
      for (let i = 0; i < values.length; i++) {
        values[i] *= deviations[Math.floor((i % columns) / part)];
      }
      if (init.zeroRow !== undefined) {
        values.fill(0, init.zeroRow * columns, (init.zeroRow + 1) * columns);
      }
      return values;
    }
  }
}

/**
 * Makes the rows of a square matrix orthonormal (Gram–Schmidt in f64, twice, as
 * one pass loses orthogonality). Applied to normal numbers, this draws
 * uniformly from the orthogonal matrices, as `torch.nn.init.orthogonal_` does.
 */
function orthonormalise(
  values: Float32Array<ArrayBuffer>,
  n: number,
): Float32Array<ArrayBuffer> {
  const rows = Array.from(
    { length: n },
    (_, i) => Float64Array.from(values.subarray(i * n, (i + 1) * n)),
  );
  rows.forEach((row, i) => {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < i; k++) {
        const other = rows[k];
        let along = 0;
        for (let j = 0; j < n; j++) along += row[j] * other[j];
        for (let j = 0; j < n; j++) row[j] -= along * other[j];
      }
    }
    const length = Math.hypot(...row);
    for (let j = 0; j < n; j++) row[j] /= length;
    values.set(row, i * n);
  });
  return values;
}
