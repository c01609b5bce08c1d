// The pass of attention/shared/grad_q.wgsl in the plain tier.
#include attention/shared/plain
#include attention/shared/grad_q

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  let own = group.x * WG + lane;
  let t = min(own, P.sequence_length - 1u);
  let end = min((group.x + 1u) * WG, P.sequence_length);
  var delta_t = 0.0;
  #for i in 0..UNITS {
    let q${i} = own0(t, ${i}u);
    let do${i} = own1(t, ${i}u);
    delta_t += hsum(do${i} * output(t, ${i}u));
    var dq${i} = vecf(0);
  #}
  let lse_t = lse[statistic_at(t)];
  var words: vec4u;
  for (var s = 0u; s < end; s += 1u) {
    var a = 0.0;
    var dp = 0.0;
    #for i in 0..UNITS {
      let k${i} = key(s, ${i}u);
      a += hsum(q${i} * k${i});
      dp += hsum(do${i} * value(s, ${i}u));
    #}
    dp = select(0.0, keep_factor() * dp, is_kept_next(t, s, &words));
    let score = capped(a);
    let p = exp(score.value - lse_t);
    let da = select(0.0, p * (dp - delta_t) * score.slope, s <= t);
    #for i in 0..UNITS {
      dq${i} += da * k${i};
    #}
  }
  if (own >= P.sequence_length) { return; }
  delta[statistic_at(t)] = delta_t;
  #for i in 0..UNITS {
    store0(t, ${i}u, dq${i});
  #}
}
