// What the vec4 matmul kernels share: the bindings, and how a piece of C is
// written. Pitches are multiples of 4 elements. EDGES: M or N is not a
// multiple of the tile, so that stores must look where they go. WIDE (A and B)
// and WIDE_C (C and side, f32 alone): see lib/quad.wgsl. REDUCE: A holds the
// parts of a product, and there is no B.
#include lib/quad

#include matmul/params

@group(0) @binding(0) var<uniform> P: Params;
#if WIDE {
  @group(0) @binding(1) var<storage, read> A: array<A_words>;
  @group(0) @binding(2) var<storage, read> B: array<B_words>;

  fn load_a(i: u32) -> vec4f { return A_floats(A[i]); }
  fn load_b(i: u32) -> vec4f { return B_floats(B[i]); }
#} else {
  @group(0) @binding(1) var<storage, read> A: array<A_vec4>;

  fn load_a(i: u32) -> vec4f { return vec4f(A[i]); }
  #if !REDUCE {
    @group(0) @binding(2) var<storage, read> B: array<B_vec4>;

    fn load_b(i: u32) -> vec4f { return vec4f(B[i]); }
  #}
#}
#if WIDE_C {
  @group(0) @binding(3) var<storage, read_write> C: array<Quad>;

  fn load_c(i: u32) -> vec4f { return floats(C[i]); }
  fn store_c(i: u32, v: vec4f) { C[i] = quad(v); }
#} else {
  @group(0) @binding(3) var<storage, read_write> C: array<C_vec4>;

  fn load_c(i: u32) -> vec4f { return vec4f(C[i]); }
  fn store_c(i: u32, v: vec4f) { C[i] = C_vec4(v); }
#}
#if BIAS {
  @group(0) @binding(4) var<storage, read> bias: array<bias_elem>;
#}
#if KEEP || DERIVATIVE || RESIDUAL {
  #if WIDE_C {
    #if KEEP {
      @group(0) @binding(5) var<storage, read_write> side: array<Quad>;

      fn store_side(i: u32, v: vec4f) { side[i] = quad(v); }
    #} else {
      @group(0) @binding(5) var<storage, read> side: array<Quad>;
    #}

    fn load_side(i: u32) -> vec4f { return floats(side[i]); }
  #} else {
    #if KEEP {
      @group(0) @binding(5) var<storage, read_write> side: array<side_vec4>;

      fn store_side(i: u32, v: vec4f) { side[i] = side_vec4(v); }
    #} else {
      @group(0) @binding(5) var<storage, read> side: array<side_vec4>;
    #}

    fn load_side(i: u32) -> vec4f { return vec4f(side[i]); }
  #}
#}
#include matmul/epilogue

/** bias[n .. n + 4], 0 past the last. */
fn bias_of(n: u32) -> vec4f {
  #if BIAS {
    let columns = vec4u(n) + vec4u(0, 1, 2, 3);
    let at = min(columns, vec4u(P.biased - 1u));
    let values = vec4f(f32(bias[at.x]), f32(bias[at.y]), f32(bias[at.z]), f32(bias[at.w]));
    return select(vec4f(0), values, columns < vec4u(P.biased));
  #} else {
    return vec4f(0);
  #}
}

/** Whether C[m, n] exists. */
fn exists(m: u32, n: u32) -> bool {
  #if EDGES {
    return m < P.M && n < P.N;
  #} else {
    return true;
  #}
}

/** `v`, and of what lies past N of the four columns at `n` the `old` value. */
fn within(n: u32, v: vec4f, old: vec4f) -> vec4f {
  return select(old, v, vec4u(n) + vec4u(0, 1, 2, 3) < vec4u(P.N));
}

/** Writes four elements of C; what lies past N keeps its value. */
fn put(at: u32, n: u32, v: vec4f) {
  #if EDGES {
    store_c(at, within(n, v, load_c(at)));
  #} else {
    store_c(at, v);
  #}
}

#if KEEP {
  /** The same for the side matrix. */
  fn keep(at: u32, n: u32, v: vec4f) {
    #if EDGES {
      store_side(at, within(n, v, load_side(at)));
    #} else {
      store_side(at, v);
    #}
  }
#}

/** C[m, n .. n + 4] (+)= value, with the epilogue. */
fn store(m: u32, n: u32, value: vec4f) {
  if (!exists(m, n)) { return; }
  let at = m * (P.ldc >> 2u) + (n >> 2u);
  #if ACCUMULATE {
    let v = value + load_c(at);
  #} else {
    let v = value;
  #}
  #if KEEP {
    keep(at, n, v);
  #}
  #if DERIVATIVE || RESIDUAL {
    put(at, n, finished(v, load_side(at)));
  #} else {
    put(at, n, finished(v, vec4f(0)));
  #}
}
