/** Activations and their derivatives in float64. @module */

/** erf(x): its Taylor series within 3, a continued fraction of erfc beyond. */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  if (Math.abs(x) < 3) {
    let term = x, sum = x;
    for (let k = 1; k < 100; k++) {
      term *= -x * x / k;
      sum += term / (2 * k + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
  const z = Math.abs(x);
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = k / 2 / (z + fraction);
  const erfc = Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
  return Math.sign(x) * (1 - erfc);
}

const cdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));
const density = (x: number) => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const C = Math.sqrt(2 / Math.PI);
const bent = (x: number) => Math.tanh(C * (x + 0.044715 * x ** 3));

/**
 * Each activation with its derivative; `slope` is that of leaky_relu below 0.
 */
export const activations: Record<string, {
  f(x: number, slope: number): number;
  df(x: number, slope: number): number;
}> = {
  relu: { f: (x) => Math.max(x, 0), df: (x) => x > 0 ? 1 : 0 },
  leaky_relu: {
    f: (x, slope) => x > 0 ? x : slope * x,
    // 1 at 0: the authors have where(x >= 0, x, slope · x).
    df: (x, slope) => x >= 0 ? 1 : slope,
  },
  gelu: { f: (x) => x * cdf(x), df: (x) => cdf(x) + x * density(x) },
  gelu_new: {
    f: (x) => 0.5 * x * (1 + bent(x)),
    df: (x) => {
      const t = bent(x);
      // Beyond 40 the tangent's slope is below any float, its factor is not.
      const inner = Math.abs(x) > 40
        ? 0
        : (1 - t * t) * C * (1 + 3 * 0.044715 * x * x);
      return 0.5 * (1 + t) + 0.5 * x * inner;
    },
  },
  silu: {
    f: (x) => x * sigmoid(x),
    df: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  },
  tanh: { f: Math.tanh, df: (x) => 1 - Math.tanh(x) ** 2 },
  relu_squared: {
    f: (x) => Math.max(x, 0) ** 2,
    df: (x) => 2 * Math.max(x, 0),
  },
};
