/**
 * The three published forms of Adam in float64, each as its authors write it.
 * @module
 */

/** Parameters and moments, changed in place. */
export interface AdamState {
  p: Float64Array;
  m: Float64Array;
  v: Float64Array;
}

/** Constants of one step. */
export interface AdamStep {
  kind: "adamw_hf" | "adamw_torch" | "adam_fairseq";
  /** Steps done, this one included. */
  t: number;
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** Elements before this one are decayed. */
  decayed: number;
  /** Gradients are scaled down to this norm, 0 for never. */
  maxGradNorm: number;
}

/** One step; the norm is that of `g` before it is clipped. */
export function adamStep(
  { p, m, v }: AdamState,
  g: Float64Array,
  step: AdamStep,
): { norm: number } {
  const { kind, t, lr, beta1, beta2, eps, weightDecay } = step;
  const norm = Math.sqrt(g.reduce((sum, x) => sum + x * x, 0));
  const clip = step.maxGradNorm > 0
    ? Math.min(1, step.maxGradNorm / (norm + 1e-6))
    : 1;
  const c1 = 1 - beta1 ** t, c2 = 1 - beta2 ** t;
  for (let i = 0; i < p.length; i++) {
    const decay = i < step.decayed ? lr * weightDecay : 0;
    const gi = clip * g[i];
    m[i] = beta1 * m[i] + (1 - beta1) * gi;
    v[i] = beta2 * v[i] + (1 - beta2) * gi * gi;
    if (kind === "adamw_hf") {
      // eps before the bias correction, decay last.
      p[i] -= lr * Math.sqrt(c2) / c1 * m[i] / (Math.sqrt(v[i]) + eps);
      p[i] -= decay * p[i];
    } else if (kind === "adam_fairseq") {
      // eps before the bias correction, decay first.
      p[i] -= decay * p[i];
      p[i] -= lr * Math.sqrt(c2) / c1 * m[i] / (Math.sqrt(v[i]) + eps);
    } else {
      // Both moments corrected, then eps; decay first.
      p[i] -= decay * p[i];
      p[i] -= lr * (m[i] / c1) / (Math.sqrt(v[i] / c2) + eps);
    }
  }
  return { norm };
}
