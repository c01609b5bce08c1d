// Pointwise activations of four numbers: `f(x)`, and `derivative(s)`, which
// takes x, or f(x) where FROM_OUTPUT. KIND is one of the numbers below, those
// of ACTIVATIONS in src/graph/ops/elementwise/activation.ts. Uses P.slope.
#let LEAKY_RELU = 0
#let GELU = 1
#let GELU_NEW = 2
#let SILU = 3
#let TANH = 4
#let RELU_SQUARED = 5
#let RELU = 6

// tanh saturates in f32 beyond 10; clamping keeps drivers that compute it
// from exponentials away from inf / inf.
const TANH_SATURATED = 10.0;
fn tanh4(x: vec4f) -> vec4f {
  return tanh(clamp(x, vec4f(-TANH_SATURATED), vec4f(TANH_SATURATED)));
}

const SQRT_HALF = 0.70710678118654752;
const INVERSE_SQRT_2_PI = 0.39894228040143268;
const SQRT_2_OVER_PI = 0.79788456080286536;
// Of gelu_new's cubic.
const CUBIC = 0.044715;

#if KIND == GELU {
  // Complementary error function, relative error below 1.2e-7 everywhere
  // (Chebyshev fit; Numerical Recipes, section 6.2).
  fn erfc4(x: vec4f) -> vec4f {
    let z = abs(x);
    let t = 1.0 / (1.0 + 0.5 * z);
    var p = vec4f(0.17087277);
    p = p * t - 0.82215223;
    p = p * t + 1.48851587;
    p = p * t - 1.13520398;
    p = p * t + 0.27886807;
    p = p * t - 0.18628806;
    p = p * t + 0.09678418;
    p = p * t + 0.37409196;
    p = p * t + 1.00002368;
    p = p * t - 1.26551223;
    let r = t * exp(p - z * z);
    return select(r, 2.0 - r, x < vec4f(0));
  }
  // The normal distribution function and density.
  fn cdf(x: vec4f) -> vec4f { return 0.5 * erfc4(-x * SQRT_HALF); }
  fn density(x: vec4f) -> vec4f { return INVERSE_SQRT_2_PI * exp(-0.5 * x * x); }
  fn f(x: vec4f) -> vec4f { return x * cdf(x); }
  fn derivative(x: vec4f) -> vec4f { return cdf(x) + x * density(x); }
#}
#if KIND == LEAKY_RELU {
  // The sign of the result is that of x, zeros included (slope may be 0).
  fn f(x: vec4f) -> vec4f { return select(P.slope * x, abs(x), x >= vec4f(0)); }
  // At 0 the derivative is 1, as where(x >= 0, x, slope x) gives it.
  #if FROM_OUTPUT {
    fn derivative(y: vec4f) -> vec4f {
      let negative = (bitcast<vec4u>(y) >> vec4u(31)) != vec4u(0);
      return select(vec4f(1), vec4f(P.slope), negative);
    }
  #} else {
    fn derivative(x: vec4f) -> vec4f {
      return select(vec4f(P.slope), vec4f(1), x >= vec4f(0));
    }
  #}
#}
#if KIND == RELU {
  fn f(x: vec4f) -> vec4f { return max(x, vec4f(0)); }
  // At 0 the derivative is 0, as in PyTorch; f(x) > 0 where x > 0.
  fn derivative(s: vec4f) -> vec4f { return select(vec4f(0), vec4f(1), s > vec4f(0)); }
#}
#if KIND == GELU_NEW {
  // 0.5 x (1 + tanh(u)), u = sqrt(2 / pi) (x + 0.044715 x^3)
  fn u(x: vec4f) -> vec4f { return SQRT_2_OVER_PI * (x + CUBIC * x * x * x); }
  fn f(x: vec4f) -> vec4f { return 0.5 * x * (1.0 + tanh4(u(x))); }
  fn derivative(x: vec4f) -> vec4f {
    let t = tanh4(u(x));
    // Where 1 - t^2 is 0, du must not be inf: their product would be NaN.
    let c = clamp(x, vec4f(-100), vec4f(100));
    let du = SQRT_2_OVER_PI * (1.0 + 3.0 * CUBIC * c * c);
    return 0.5 * (1.0 + t) + 0.5 * c * (1.0 - t * t) * du;
  }
#}
#if KIND == SILU {
  fn sigmoid(x: vec4f) -> vec4f { return 0.5 + 0.5 * tanh4(0.5 * x); }
  fn f(x: vec4f) -> vec4f { return x * sigmoid(x); }
  fn derivative(x: vec4f) -> vec4f {
    let s = sigmoid(x);
    return s * (1.0 + x * (1.0 - s));
  }
#}
#if KIND == TANH {
  fn f(x: vec4f) -> vec4f { return tanh4(x); }
  fn derivative(y: vec4f) -> vec4f { return 1.0 - y * y; }
#}
#if KIND == RELU_SQUARED {
  fn f(x: vec4f) -> vec4f { let r = max(x, vec4f(0)); return r * r; }
  fn derivative(x: vec4f) -> vec4f { return 2.0 * max(x, vec4f(0)); }
#}
