// The forward pass of attention/shared/forward.wgsl in the plain tier.
#include attention/shared/plain
#include attention/shared/forward

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let t = min(own, P.sequence_length - 1u);
  let end = min((group.x + 1u) * WG, P.sequence_length);
  #for i in 0..UNITS {
    let q${i} = own0(t, ${i}u);
    var o${i} = vecf(0);
  #}
  var words: vec4u;
  for (var s = 0u; s < end; s += 1u) {
    var a = 0.0;
    #for i in 0..UNITS {
      a += hsum(q${i} * key(s, ${i}u));
    #}
    a = select(NEGATIVE_INFINITY, capped(a).value, s <= t);
    let shrink = raise_largest(max(largest, a));
    let p = exp(a - largest);
    total += p;
    let weight = select(0.0, p, is_kept_next(t, s, &words));
    #for i in 0..UNITS {
      o${i} = o${i} * shrink + weight * value(s, ${i}u);
    #}
  }
  if (own >= P.sequence_length) { return; }
  let inverse = keep_factor() / total;
  #for i in 0..UNITS {
    store1(t, ${i}u, o${i} * inverse);
  #}
  lse[statistic_at(t)] = largest + log(total);
}
