/** Linear layers in float64. @module */

/**
 * N rows of I features to O features; the weight is `[I, O]`, or `[O, I]` where
 * `outIn`.
 */
export interface LinearShape {
  N: number;
  I: number;
  O: number;
  outIn: boolean;
}

/** y[n,o] = Σ_i x[n,i] W[i,o] + b[o] */
export function linear(
  x: Float64Array, // [N, I]
  w: Float64Array, // [I, O] or [O, I]
  b: Float64Array | undefined, // [O]
  { N, I, O, outIn }: LinearShape,
): Float64Array {
  const y = new Float64Array(N * O);
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      let sum = b ? b[o] : 0;
      for (let i = 0; i < I; i++) {
        sum += x[n * I + i] * (outIn ? w[o * I + i] : w[i * O + o]);
      }
      y[n * O + o] = sum;
    }
  }
  return y;
}

/** dx = dy Wᵀ, dW = xᵀ dy, db = Σ_n dy[n] */
export function linearGradient(
  dy: Float64Array, // [N, O]
  x: Float64Array, // [N, I]
  w: Float64Array, // [I, O] or [O, I]
  { N, I, O, outIn }: LinearShape,
): { x: Float64Array; w: Float64Array; b: Float64Array } {
  const dx = new Float64Array(N * I);
  const dw = new Float64Array(I * O);
  const db = new Float64Array(O);
  for (let n = 0; n < N; n++) {
    for (let o = 0; o < O; o++) {
      const g = dy[n * O + o];
      db[o] += g;
      for (let i = 0; i < I; i++) {
        const at = outIn ? o * I + i : i * O + o;
        dx[n * I + i] += g * w[at];
        dw[at] += g * x[n * I + i];
      }
    }
  }
  return { x: dx, w: dw, b: db };
}
