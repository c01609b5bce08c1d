// Entropy of each query's attention, -sum_s p_ts log p_ts in nats, without a
// T x T buffer. Lane l of workgroup (tile, head, sequence) owns query
// t = tile * WG + l and walks the keys; all lanes read the same key at a time,
// so one load serves the workgroup. With
// d_s = a_ts - max_s a_ts and Z = sum_s exp(d_s),
//
//   entropy = log Z - sum_s exp(d_s) d_s / Z
//
// in which nothing large cancels; when a larger score is met, the sum over
// exp(d) d is shifted along with Z. entropy is [B, heads, T]. 2 d FLOPs per
// pair.
alias Scores = f32;
#include attention/shared/scores
@group(0) @binding(4) var<storage, read_write> entropy: array<f32>;

// Its exponential is 0. Without it the first shift could overflow to minus
// infinity, whose product with a total of 0 is not a number.
const LEAST_SHIFT = -1e4;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let t = min(own, P.sequence_length - 1u);
  #for i in 0..UNITS {
    let q${i} = query(t, ${i}u) * P.scale;
  #}
  var largest = NEGATIVE_INFINITY;
  var total = 0.0;
  var weighted = 0.0;
  for (var s = 0u; s <= t; s += 1u) {
    var a = 0.0;
    #for i in 0..UNITS {
      a += dot(q${i}, key(s, ${i}u));
    #}
    a = capped(a).value;
    let top = max(largest, a);
    let shift = max(largest - top, LEAST_SHIFT);
    let shrink = exp(shift);
    let d = a - top;
    let p = exp(d);
    weighted = shrink * (weighted + shift * total) + p * d;
    total = total * shrink + p;
    largest = top;
  }
  if (own < P.sequence_length) { entropy[statistic_at(t)] = log(total) - weighted / total; }
}
