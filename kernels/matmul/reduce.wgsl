// C[M,N] = alpha * Σ_p A[p,M,N] (+ bias[N]) (+ C), f32: adds the parts of a
// product whose K was split, in their order, P.K of them. Rows lie lda apart
// and ldc apart, multiples of 4 elements.
//
// One vec4 of C per invocation; bound by memory, or by the cache where the
// parts still lie in it.
#include matmul/common
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  let quads = (P.N + 3u) / 4u;
  if (i >= P.M * quads) { return; }
  let m = i / quads;
  let column = i % quads;
  let part = P.M * (P.lda >> 2u);
  var at = m * (P.lda >> 2u) + column;
  var sum = vec4f(0);
  for (var p = 0u; p < P.K; p++) {
    sum += load_a(at);
    at += part;
  }
  store(m, 4u * column, P.alpha * sum + bias_of(4u * column));
}
