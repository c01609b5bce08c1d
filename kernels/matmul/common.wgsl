// What the vec4 matmul kernels share: the bindings, and how a piece of C is
// written. Pitches are multiples of 4 elements. EDGES: M or N is not a
// multiple of the tile, so that stores must look where they go. WIDE: see
// lib/quad.wgsl; f32 only. REDUCE: A holds the parts of a product, and there is
// no B.
#include lib/quad

struct Params { M: u32, N: u32, K: u32, lda: u32, ldb: u32, ldc: u32, k_part: u32, alpha: f32 }

@group(0) @binding(0) var<uniform> P: Params;
#if WIDE {
  @group(0) @binding(1) var<storage, read> A: array<Quad>;
  @group(0) @binding(2) var<storage, read> B: array<Quad>;
  @group(0) @binding(3) var<storage, read_write> C: array<Quad>;

  fn load_a(i: u32) -> vec4f { return floats(A[i]); }
  fn load_b(i: u32) -> vec4f { return floats(B[i]); }
  fn load_c(i: u32) -> vec4f { return floats(C[i]); }
  fn store_c(i: u32, v: vec4f) { C[i] = quad(v); }
#} else {
  @group(0) @binding(1) var<storage, read> A: array<A_vec4>;
  @group(0) @binding(3) var<storage, read_write> C: array<C_vec4>;

  fn load_a(i: u32) -> vec4f { return vec4f(A[i]); }
  fn load_c(i: u32) -> vec4f { return vec4f(C[i]); }
  fn store_c(i: u32, v: vec4f) { C[i] = C_vec4(v); }
  #if !REDUCE {
    @group(0) @binding(2) var<storage, read> B: array<B_vec4>;

    fn load_b(i: u32) -> vec4f { return vec4f(B[i]); }
  #}
#}
#if BIAS {
  @group(0) @binding(4) var<storage, read> bias: array<bias_elem>;
#}

/** bias[n .. n + 4], the last one again past the edge. */
fn bias_of(n: u32) -> vec4f {
  #if BIAS {
    let last = P.N - 1u;
    return vec4f(
      f32(bias[min(n, last)]),
      f32(bias[min(n + 1u, last)]),
      f32(bias[min(n + 2u, last)]),
      f32(bias[min(n + 3u, last)]),
    );
  #} else {
    return vec4f(0);
  #}
}

/**
 * C[m, n .. n + 4] (+)= value. What of the four lies past N keeps its value.
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
    let old = load_c(at);
  #}
  #if ACCUMULATE {
    v += old;
  #}
  #if EDGES {
    v = select(old, v, vec4u(n) + vec4u(0, 1, 2, 3) < vec4u(P.N));
  #}
  store_c(at, v);
}
