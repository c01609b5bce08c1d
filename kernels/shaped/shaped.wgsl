// Shaped Attention's other two terms (arXiv 2311.01906, equation 10; per head
// h):
//
//   y_t = r_h a_t + s_h v_t - c_h u_t,   u_t = mean of v_0 .. v_t
//
// a is softmax(..) v from the attention kernel; the identity matrix gives v
// itself, the uniform causal matrix the running mean u: O(T) where the matrix
// would take O(T^2). 6 FLOPs and 12 bytes per element: bound by memory.
#include shaped/gains
@group(0) @binding(6) var<storage, read_write> y: array<y_vec>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.sequences * units) { return; }
  let column = i % units;
  let gain = gains_of(column);
  var at = i / units * P.sequence_length * units + column;
  var sum = vecf(0);
  for (var t = 1u; t <= P.sequence_length; t += 1u) {
    let value = vecf(v[at]);
    sum += value;
    y[at] = y_vec(gain.resid * vecf(a[at]) + gain.skip * value - (gain.centre / f32(t)) * sum);
    at += units;
  }
}
