// The identity and the uniform causal matrix of Shaped Attention
// (shaped/shaped.wgsl), each times the mask that dropout puts on the attention
// matrix:
//
//   e_t = m_tt v_t,   u_t = sum_{s <= t} m_ts v_s / (t + 1)
//
// Lane l of workgroup (tile, head, sequence) owns row t = tile * WG + l and
// walks s = 0 .. t. 2 d FLOPs and a quarter of a call of philox per pair; no T
// x T buffer.
#include shaped/dropout_common
@group(0) @binding(2) var<storage, read> v: array<v_vec>;
@group(0) @binding(3) var<storage, read_write> e: array<e_vec>;
@group(0) @binding(4) var<storage, read_write> u: array<u_vec>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let t = min(own, P.sequence_length - 1u);
  let end = min((group.x + 1u) * WG, P.sequence_length);
  #for i in 0..HEAD_UNITS {
    var u${i} = vecf(0);
  #}
  var diagonal = 0.0;
  var words: vec4u;
  for (var s = 0u; s < end; s += 1u) {
    let mask = select(0.0, mask_next(t, s, &words), s <= t);
    diagonal = select(diagonal, mask, s == t);
    #for i in 0..HEAD_UNITS {
      u${i} += mask * vecf(v[output_at(s) + ${i}u]);
    #}
  }
  if (own >= P.sequence_length) { return; }
  let at = output_at(t);
  #for i in 0..HEAD_UNITS {
    e[at + ${i}u] = e_vec(diagonal * vecf(v[at + ${i}u]));
    u[at + ${i}u] = u_vec(u${i} / f32(t + 1u));
  #}
}
