// Entropy of each query's attention, -sum_s p_ts log p_ts in nats, without a
// T x T buffer. Lane l of workgroup (tile, head, sequence) owns query
// t = tile * WG + l and walks the keys as attention/plain.wgsl does. With
// d_s = a_ts - max_s a_ts and Z = sum_s exp(d_s),
//
//   entropy = log Z - sum_s exp(d_s) d_s / Z
//
// in which nothing large cancels; when a larger score is met, the sum over
// exp(d) d is shifted along with Z. entropy is [B, heads, T]. 2 d FLOPs per
// pair.
#include attention/common
@group(0) @binding(1) var<storage, read> q: array<vecf>;
@group(0) @binding(2) var<storage, read_write> entropy: array<f32>;
#if !PACKED {
  @group(0) @binding(3) var<storage, read> k: array<vecf>;
#}
#include lib/vector

// Its exponential is 0. Without it the first shift could overflow to minus
// infinity, whose product with a total of 0 is not a number.
const LEAST_SHIFT = -1e4;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let t = min(group.x * WG + lane, P.sequence_length - 1u);
  let qi = (first + t) * P.q_pitch + P.q_start + head * UNITS;
  #for i in 0..UNITS {
    let q${i} = q[qi + ${i}u] * P.scale;
  #}
  var largest = NEGATIVE_INFINITY;
  var total = 0.0;
  var weighted = 0.0;
  for (var s = 0u; s <= t; s += 1u) {
    let ki = (first + s) * P.k_pitch + P.k_start + head * UNITS;
    var a = 0.0;
    #for i in 0..UNITS {
      #if PACKED {
        a += hsum(q${i} * q[ki + ${i}u]);
      #} else {
        a += hsum(q${i} * k[ki + ${i}u]);
      #}
    #}
    #if CAP {
      a = P.cap * tanh(clamp(a / P.cap, -10.0, 10.0));
    #}
    let top = max(largest, a);
    let shift = max(largest - top, LEAST_SHIFT);
    let keep = exp(shift);
    let d = a - top;
    let p = exp(d);
    weighted = keep * (weighted + shift * total) + p * d;
    total = total * keep + p;
    largest = top;
  }
  if (group.x * WG + lane < P.sequence_length) {
    entropy[(group.z * P.heads + head) * P.sequence_length + t] = log(total) - weighted / total;
  }
}
