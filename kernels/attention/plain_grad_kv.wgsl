// The pass of attention/shared/grad_kv.wgsl in the plain tier. Where DROP, a
// lane that owns a key needs a call of philox per pair.
#include attention/shared/plain
#include attention/shared/grad_kv

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let s = min(own, P.sequence_length - 1u);
  #for i in 0..UNITS {
    let k${i} = own0(s, ${i}u);
    let v${i} = own1(s, ${i}u);
    var dk${i} = vecf(0);
    var dv${i} = vecf(0);
  #}
  for (var t = group.x * WG; t < P.sequence_length; t += 1u) {
    var a = 0.0;
    var dp = 0.0;
    #for i in 0..UNITS {
      let q${i} = query(t, ${i}u);
      let do${i} = other1(t, ${i}u);
      a += hsum(q${i} * k${i});
      dp += hsum(do${i} * v${i});
    #}
    let mask = select(0.0, keep_factor(), is_kept(t, s));
    let score = capped(a);
    let p = select(0.0, exp(score.value - lse[statistic_at(t)]), s <= t);
    let da = p * (mask * dp - delta[statistic_at(t)]) * score.slope;
    let weight = mask * p;
    #for i in 0..UNITS {
      dv${i} += weight * do${i};
      dk${i} += da * q${i};
    #}
  }
  if (own >= P.sequence_length) { return; }
  #for i in 0..UNITS {
    store0(s, ${i}u, dk${i});
    store1(s, ${i}u, dv${i});
  #}
}
