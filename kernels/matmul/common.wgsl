// What the vec4 matmul kernels share: the bindings, and how a piece of C is
// written. Pitches are multiples of 4 elements. EDGES: M or N is not a
// multiple of the tile, so that stores must look where they go. WIDE: see
// lib/quad.wgsl.
#include lib/quad

struct Params {
  M: u32,
  N: u32,
  K: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  alpha: f32,
  // Of the epilogue.
  slope: f32,
  gain: f32,
  skip: f32,
}

@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> A: array<Quad>;
@group(0) @binding(2) var<storage, read> B: array<Quad>;
@group(0) @binding(3) var<storage, read_write> C: array<Quad>;
#if BIAS {
  @group(0) @binding(4) var<storage, read> bias: array<f32>;
#}
#if KEEP {
  @group(0) @binding(5) var<storage, read_write> side: array<side_vec4>;
#}
#if DERIVATIVE || RESIDUAL {
  @group(0) @binding(5) var<storage, read> side: array<side_vec4>;
#}
#include matmul/epilogue

/** bias[n .. n + 4], the last one again past the edge. */
fn bias_of(n: u32) -> vec4f {
  #if BIAS {
    let last = P.N - 1u;
    return vec4f(
      bias[min(n, last)],
      bias[min(n + 1u, last)],
      bias[min(n + 2u, last)],
      bias[min(n + 3u, last)],
    );
  #} else {
    return vec4f(0);
  #}
}

/**
 * C[m, n .. n + 4] (+)= value, with the epilogue. What of the four lies past N
 * keeps its value.
 */
fn store(m: u32, n: u32, value: vec4f) {
  #if EDGES {
    if (m >= P.M || n >= P.N) {
      return;
    }
  #}
  let at = m * (P.ldc >> 2u) + (n >> 2u);
  var v = value;
  #if ACCUMULATE || EDGES {
    let old = floats(C[at]);
  #}
  #if ACCUMULATE {
    v += old;
  #}
  #if EDGES {
    let within = vec4u(n) + vec4u(0, 1, 2, 3) < vec4u(P.N);
  #}
  #if KEEP {
    #if EDGES {
      side[at] = side_vec4(select(vec4f(side[at]), v, within));
    #} else {
      side[at] = side_vec4(v);
    #}
  #}
  #if DERIVATIVE || RESIDUAL {
    v = finished(v, vec4f(side[at]));
  #} else {
    v = finished(v, vec4f(0));
  #}
  #if EDGES {
    v = select(old, v, within);
  #}
  C[at] = quad(v);
}
