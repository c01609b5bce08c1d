// Backward of shaped/shaped_dropout.wgsl:
//
//   dv_s = m_ss de_s + sum_{t >= s} m_ts du_t / (t + 1)
//
// Lane l of workgroup (tile, head, sequence) owns key s = tile * WG + l and walks
// t = s .. T - 1. 2 d FLOPs and a call of philox a pair.
struct Params { sequence_length: u32, heads: u32, site: u32, dropped: u32, keep: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> d_e: array<vecf>;
@group(0) @binding(2) var<storage, read> d_u: array<vecf>;
@group(0) @binding(3) var<storage, read> random: DropoutRandom;
@group(0) @binding(4) var<storage, read_write> dv: array<vecf>;
#include attention/dropout
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let head = group.y;
  let first = group.z * P.sequence_length;
  let row = group.z * P.heads + head;
  let stream = vec3u(random.seed, random.step, random.micro_batch);
  let s = min(group.x * WG + lane, P.sequence_length - 1u);
#for i in 0..UNITS {
  var dv${i} = vecf(0);
#}
  for (var t = group.x * WG; t < P.sequence_length; t += 1u) {
    let words = mask_words(stream, row, t, s);
    let mask = select(0.0, P.keep, s <= t && words[s % 4u] >= P.dropped);
    let share = mask / f32(t + 1u);
    let own = select(0.0, mask, s == t);
    let at = ((first + t) * P.heads + head) * UNITS;
#for i in 0..UNITS {
    dv${i} += share * d_u[at + ${i}u] + own * d_e[at + ${i}u];
#}
  }
  if (group.x * WG + lane < P.sequence_length) {
    let at = ((first + s) * P.heads + head) * UNITS;
#for i in 0..UNITS {
#if ACCUMULATE {
    dv[at + ${i}u] += dv${i};
#} else {
    dv[at + ${i}u] = dv${i};
#}
#}
  }
}
