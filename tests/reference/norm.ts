/** LayerNorm and RMSNorm in float64. @module */

/** R rows of D; every `heads` rows in turn take the next of the scales. */
export interface NormShape {
  R: number;
  D: number;
  kind: "ln" | "rmsnorm";
  eps: number;
  heads: number;
}

/** Which of the scales row r takes. */
const groupOf = (r: number, heads: number, groups: number) =>
  Math.floor(r / heads) % groups;

/** Mean, deviation and divisor of one row: n = (x − mean) / divisor. */
function statistics(x: Float64Array, r: number, { D, kind, eps }: NormShape) {
  let mean = 0;
  if (kind === "ln") {
    for (let i = 0; i < D; i++) mean += x[r * D + i] / D;
  }
  let square = 0;
  for (let i = 0; i < D; i++) square += (x[r * D + i] - mean) ** 2 / D;
  const rms = Math.sqrt(square);
  // LayerNorm has eps inside the root, RMSNorm outside.
  const divisor = kind === "ln" ? Math.sqrt(square + eps) : rms + eps;
  return { mean, rms, divisor };
}

/** y = (x − mean) / divisor · scale + bias, row by row */
export function norm(
  x: Float64Array, // [R, D]
  scales: Float64Array[], // [D] each
  biases: Float64Array[], // [D] each, or none
  shape: NormShape,
): Float64Array {
  const { R, D, heads } = shape, y = new Float64Array(R * D);
  for (let r = 0; r < R; r++) {
    const { mean, divisor } = statistics(x, r, shape);
    const group = groupOf(r, heads, scales.length);
    for (let i = 0; i < D; i++) {
      const n = (x[r * D + i] - mean) / divisor;
      y[r * D + i] = n * scales[group][i] + (biases[group]?.[i] ?? 0);
    }
  }
  return y;
}

/**
 * With g = dy · scale, L = Σ g n, and s = d divisor / dx = (x − mean) / (D ·
 * root): dx = (g − mean(g)) / divisor − s · L / divisor (mean(g) only for
 * LayerNorm)
 */
export function normGradient(
  dy: Float64Array, // [R, D]
  x: Float64Array, // [R, D]
  scales: Float64Array[],
  shape: NormShape,
): { x: Float64Array; scales: Float64Array[]; biases: Float64Array[] } {
  const { R, D, kind, heads } = shape;
  const dx = new Float64Array(R * D);
  const dScales = scales.map(() => new Float64Array(D));
  const dBiases = scales.map(() => new Float64Array(D));
  for (let r = 0; r < R; r++) {
    const { mean, rms, divisor } = statistics(x, r, shape);
    const group = groupOf(r, heads, scales.length);
    const root = kind === "ln" ? divisor : rms;
    let total = 0, along = 0;
    for (let i = 0; i < D; i++) {
      const n = (x[r * D + i] - mean) / divisor, g = dy[r * D + i];
      dScales[group][i] += g * n;
      dBiases[group][i] += g;
      total += g * scales[group][i];
      along += g * scales[group][i] * n;
    }
    for (let i = 0; i < D; i++) {
      const g = dy[r * D + i] * scales[group][i];
      // A row of zeros has no direction: nothing comes through its rms.
      const slope = root === 0 ? 0 : (x[r * D + i] - mean) / (D * root);
      dx[r * D + i] = (g - (kind === "ln" ? total / D : 0) - slope * along) /
        divisor;
    }
  }
  return { x: dx, scales: dScales, biases: dBiases };
}
