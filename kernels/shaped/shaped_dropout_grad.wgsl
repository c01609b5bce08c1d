// Backward of shaped/shaped_dropout.wgsl:
//
//   dv_s = m_ss de_s + sum_{t >= s} m_ts du_t / (t + 1)
//
// Lane l of workgroup (tile, head, sequence) owns key s = tile * WG + l and
// walks t = s .. T - 1. 2 d FLOPs and a call of philox per pair.
#include shaped/dropout_common
@group(0) @binding(2) var<storage, read> d_e: array<d_e_vec>;
@group(0) @binding(3) var<storage, read> d_u: array<d_u_vec>;
@group(0) @binding(4) var<storage, read_write> dv: array<dv_vec>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let s = min(own, P.sequence_length - 1u);
  #for i in 0..HEAD_UNITS {
    var dv${i} = vecf(0);
  #}
  for (var t = group.x * WG; t < P.sequence_length; t += 1u) {
    let factor = select(0.0, mask_at(t, s), s <= t);
    let share = factor / f32(t + 1u);
    let diagonal = select(0.0, factor, s == t);
    let at = output_at(t);
    #for i in 0..HEAD_UNITS {
      dv${i} += share * vecf(d_u[at + ${i}u]) + diagonal * vecf(d_e[at + ${i}u]);
    #}
  }
  if (own >= P.sequence_length) { return; }
  let at = output_at(s);
  #for i in 0..HEAD_UNITS {
    #if ACCUMULATE {
      dv[at + ${i}u] = dv_vec(vecf(dv[at + ${i}u]) + dv${i});
    #} else {
      dv[at + ${i}u] = dv_vec(dv${i});
    #}
  #}
}
