// The identity and the uniform causal matrix of Shaped Attention (shaped/shaped.wgsl),
// each times the mask that dropout lays over the attention matrix:
//
//   e_t = m_tt v_t,   u_t = sum_{s <= t} m_ts v_s / (t + 1)
//
// m_ts is 0 or 1 / (1 - p), the mask of attention/plain.wgsl at the same site. It takes
// the O(T) of a running mean: lane l of workgroup (tile, head, sequence) owns row
// t = tile * WG + l and walks s = 0 .. t. 2 d FLOPs a pair and a quarter of a
// call of philox; no T x T buffer. Heads are UNITS units of VW elements wide.
struct Params { sequence_length: u32, heads: u32, site: u32, dropped: u32, keep: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> v: array<vecf>;
@group(0) @binding(2) var<storage, read> random: DropoutRandom;
@group(0) @binding(3) var<storage, read_write> e: array<vecf>;
@group(0) @binding(4) var<storage, read_write> u: array<vecf>;
#include attention/dropout
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let row = group.z * P.heads + head;
  let stream = vec3u(random.seed, random.step, random.micro_batch);
  let t = min(group.x * WG + lane, P.sequence_length - 1u);
  let last = min(group.x * WG + WG, P.sequence_length);
#for i in 0..UNITS {
  var u${i} = vecf(0);
#}
  var words = vec4u(0);
  var own = 0.0;
  for (var s = 0u; s < last; s += 1u) {
    if (s % 4u == 0u) { words = mask_words(stream, row, t, s); }
    let mask = select(0.0, P.keep, s <= t && words[s % 4u] >= P.dropped);
    own = select(own, mask, s == t);
    let vi = ((first + s) * P.heads + head) * UNITS;
#for i in 0..UNITS {
    u${i} += mask * v[vi + ${i}u];
#}
  }
  if (group.x * WG + lane < P.sequence_length) {
    let at = ((first + t) * P.heads + head) * UNITS;
#for i in 0..UNITS {
    e[at + ${i}u] = own * v[at + ${i}u];
    u[at + ${i}u] = u${i} / f32(t + 1u);
#}
  }
}
