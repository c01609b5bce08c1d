/**
 * Causal multi-head attention in float64, the T × T matrix written out.
 * @module
 */

/**
 * B sequences of T tokens, H heads d wide; `cap` bends the scores, 0 does not.
 */
export interface AttentionShape {
  B: number;
  T: number;
  H: number;
  d: number;
  cap: number;
  /**
   * Factors on the weights, in head `matrix % H` of sequence `matrix / H`:
   * dropout's. @default 1
   */
  mask?: ((matrix: number, t: number, s: number) => number) | undefined;
}

type Matrix = Float64Array; // [B·T, H·d], head h in columns h·d … (h+1)·d − 1

/** Softmax weights p[s ≤ t] and the cap's slopes of one query. */
function weightsOf(
  q: Matrix,
  k: Matrix,
  at: (t: number) => number,
  t: number,
  { d, cap }: AttentionShape,
) {
  const slopes: number[] = [], scores: number[] = [];
  for (let s = 0; s <= t; s++) {
    let dot = 0;
    for (let i = 0; i < d; i++) dot += q[at(t) + i] * k[at(s) + i];
    dot /= Math.sqrt(d);
    const bent = cap > 0 ? Math.tanh(dot / cap) : 0;
    scores.push(cap > 0 ? cap * bent : dot);
    slopes.push(1 - bent * bent);
  }
  const largest = Math.max(...scores);
  const powers = scores.map((a) => Math.exp(a - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return { p: powers.map((e) => e / total), slopes };
}

/**
 * o[t] = Σ_{s ≤ t} m_ts softmax_s(cap(q_t · k_s / √d)) v_s, head by head, m = 1
 * without a mask
 */
export function attention(
  q: Matrix,
  k: Matrix,
  v: Matrix,
  shape: AttentionShape,
): Matrix {
  const { B, T, H, d, mask = () => 1 } = shape;
  const o = new Float64Array(B * T * H * d);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const at = (t: number) => ((b * T + t) * H + h) * d;
      for (let t = 0; t < T; t++) {
        const { p } = weightsOf(q, k, at, t, shape);
        for (let s = 0; s <= t; s++) {
          const w = p[s] * mask(b * H + h, t, s);
          for (let i = 0; i < d; i++) o[at(t) + i] += w * v[at(s) + i];
        }
      }
    }
  }
  return o;
}

/**
 * dv_s = Σ_t m_ts p_ts do_t,
 * da_ts = p_ts (m_ts do_t · v_s − Σ_r p_tr m_tr do_t · v_r) cap′,
 * dq_t = Σ_s da_ts k_s / √d,  dk_s = Σ_t da_ts q_t / √d
 */
export function attentionGradient(
  dO: Matrix,
  q: Matrix,
  k: Matrix,
  v: Matrix,
  shape: AttentionShape,
): { q: Matrix; k: Matrix; v: Matrix } {
  const { B, T, H, d, mask = () => 1 } = shape;
  const [dq, dk, dv] = [q, k, v].map((x) => new Float64Array(x.length));
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const at = (t: number) => ((b * T + t) * H + h) * d;
      for (let t = 0; t < T; t++) {
        const { p, slopes } = weightsOf(q, k, at, t, shape);
        const m = p.map((_, s) => mask(b * H + h, t, s));
        const dp = p.map((_, s) => {
          let sum = 0;
          for (let i = 0; i < d; i++) sum += dO[at(t) + i] * v[at(s) + i];
          return m[s] * sum;
        });
        const mean = dp.reduce((sum, g, s) => sum + p[s] * g, 0);
        for (let s = 0; s <= t; s++) {
          const da = p[s] * (dp[s] - mean) * slopes[s] / Math.sqrt(d);
          for (let i = 0; i < d; i++) {
            dv[at(s) + i] += m[s] * p[s] * dO[at(t) + i];
            dq[at(t) + i] += da * k[at(s) + i];
            dk[at(s) + i] += da * q[at(t) + i];
          }
        }
      }
    }
  }
  return { q: dq, k: dk, v: dv };
}
