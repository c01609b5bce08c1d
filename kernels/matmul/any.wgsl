// C[M,N] = alpha * op(A) * op(B) (+ bias[N]) (+ C), row-major, with an
// epilogue (matmul/epilogue.wgsl).
//
//   A  [M,K], or [K,M] where TRANSPOSED_A        pitch lda
//   B  [K,N], or [N,K] where TRANSPOSED_B        pitch ldb
//   C  [M,N]                                     pitch ldc
//
// The plain kernel, correct on every adapter: needs no subgroups and no alignment.
// A workgroup makes 32 x 16 of C; an invocation owns one column of ROWS
// neighbouring rows, so an element of B serves ROWS multiply-adds.
#include matmul/params

@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> A: array<A_elem>;
@group(0) @binding(2) var<storage, read> B: array<B_elem>;
@group(0) @binding(3) var<storage, read_write> C: array<C_elem>;
#if BIAS {
  @group(0) @binding(4) var<storage, read> bias: array<bias_elem>;
#}
#if KEEP {
  @group(0) @binding(5) var<storage, read_write> side: array<side_elem>;
#}
#if DERIVATIVE || RESIDUAL {
  @group(0) @binding(5) var<storage, read> side: array<side_elem>;
#}
#include matmul/epilogue

@compute @workgroup_size(16, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = id.x;
  let m0 = id.y * ROWS;
  if (n >= P.N || m0 >= P.M) {
    return;
  }
  // Rows past the last load the last again and are not stored.
  #for r in 0..ROWS {
    let row${r} = min(m0 + ${r}u, P.M - 1u);
    var c${r} = 0.0;
  #}
  for (var k = 0u; k < P.K; k++) {
    #if TRANSPOSED_B {
      let b = f32(B[n * P.ldb + k]);
    #} else {
      let b = f32(B[k * P.ldb + n]);
    #}
    #for r in 0..ROWS {
      #if TRANSPOSED_A {
        c${r} += f32(A[k * P.lda + row${r}]) * b;
      #} else {
        c${r} += f32(A[row${r} * P.lda + k]) * b;
      #}
    #}
  }
  #if BIAS {
    let shift = select(0.0, f32(bias[min(n, P.biased - 1u)]), n < P.biased);
  #} else {
    let shift = 0.0;
  #}
  #for r in 0..ROWS {
    if (m0 + ${r}u < P.M) {
      let at = (m0 + ${r}u) * P.ldc + n;
      #if ACCUMULATE {
        let v = P.alpha * c${r} + shift + f32(C[at]);
      #} else {
        let v = P.alpha * c${r} + shift;
      #}
      #if KEEP {
        side[at] = side_elem(v);
      #}
      #if DERIVATIVE || RESIDUAL {
        C[at] = C_elem(finished(vec4f(v), vec4f(f32(side[at]))).x);
      #} else {
        C[at] = C_elem(finished(vec4f(v), vec4f(0)).x);
      #}
    }
  #}
}
