// The pass of attention/shared/grad_q.wgsl in the subgroup tier; 3 d vec4s per
// lane: q, do and the sums of dq.
#include attention/subgroup/common
#include attention/shared/grad_q

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  #include attention/subgroup/start
  var delta_t = vec4f(0);
  for (var unit = 0u; unit < P.units; unit++) {
    #include attention/subgroup/load_own
    #for j in 0..4 {
      delta_t[${j}] += dot(row1_${j}, output(own_loaded[${j}], unit));
    #}
  }
  let lse_t = lse_of(own_loaded);
  let end = min((group.x + 1u) * (4u * LANES), P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += STEP) {
    #include attention/subgroup/products
    #for s in 0..STEP {
      let score${s} = capped(product0_${s});
      let dp${s} = masks_next(own, other_start + ${s}u) * product1_${s} - delta_t;
      let da${s} = dp${s} * score${s}.slope * exp(score${s}.value - lse_t);
      let weight0_${s} = select(vec4f(0), da${s}, vec4u(other_start + ${s}u) <= own);
    #}
    #include attention/subgroup/sums
  }
  #include attention/subgroup/store_sums
  #for j in 0..4 {
    if (own[${j}] < P.sequence_length) { delta[statistic_at(own[${j}])] = delta_t[${j}]; }
  #}
}
