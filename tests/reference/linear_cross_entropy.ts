/** Head and cross-entropy in float64, the logits written out. @module */

/**
 * N rows of D features, V classes; the sum of the losses is multiplied by
 * `scale`.
 */
export interface HeadShape {
  N: number;
  D: number;
  V: number;
  scale: number;
}

/** Loss, and what it gives back to the features `h` and the weight `w`. */
export interface HeadResult {
  loss: number;
  h: Float64Array;
  w: Float64Array;
}

/**
 * loss = scale · Σ_n (log Σ_v exp z_nv − z_n,target), z = h Wᵀ; targets not
 * below V are left out. dz_nv = scale · (softmax(z_n)_v − [v = target]), dh =
 * dz W, dW = dzᵀ h
 */
export function linearCrossEntropy(
  h: Float64Array, // [N, D]
  w: Float64Array, // [V, D]
  targets: Uint32Array, // [N]
  { N, D, V, scale }: HeadShape,
): HeadResult {
  let loss = 0;
  const dh = new Float64Array(N * D), dw = new Float64Array(V * D);
  const z = new Float64Array(V);
  for (let n = 0; n < N; n++) {
    if (targets[n] >= V) continue;
    let largest = -Infinity, total = 0;
    for (let v = 0; v < V; v++) {
      z[v] = 0;
      for (let i = 0; i < D; i++) z[v] += h[n * D + i] * w[v * D + i];
      largest = Math.max(largest, z[v]);
    }
    for (let v = 0; v < V; v++) total += Math.exp(z[v] - largest);
    loss += scale * (largest + Math.log(total) - z[targets[n]]);
    for (let v = 0; v < V; v++) {
      const p = Math.exp(z[v] - largest) / total;
      const dz = scale * (p - Number(v === targets[n]));
      for (let i = 0; i < D; i++) {
        dh[n * D + i] += dz * w[v * D + i];
        dw[v * D + i] += dz * h[n * D + i];
      }
    }
  }
  return { loss, h: dh, w: dw };
}
