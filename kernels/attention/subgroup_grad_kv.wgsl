// The pass of attention/shared/grad_kv.wgsl in the subgroup tier; 4 d vec4s per
// lane: k, v and the sums of dk and dv.
#include attention/subgroup/common
#include attention/shared/grad_kv

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  #include attention/subgroup/start
  for (var unit = 0u; unit < P.units; unit++) {
    #include attention/subgroup/load_own
  }
  for (var other_start = group.x * (4u * LANES); other_start < P.sequence_length; other_start += STEP) {
    #include attention/subgroup/products
    #for s in 0..STEP {
      let t${s} = min(other_start + ${s}u, last);
      // A query past the end counts for nothing, like one before the key.
      let counts${s} = (own <= vec4u(t${s})) & vec4<bool>(other_start + ${s}u <= last);
      let score${s} = capped(product0_${s});
      let mask${s} = masks(t${s}, own.x);
      let p${s} = select(vec4f(0), exp(score${s}.value - lse[statistic_at(t${s})]), counts${s});
      let weight0_${s} = (mask${s} * product1_${s} - delta[statistic_at(t${s})]) * score${s}.slope * p${s};
      let weight1_${s} = mask${s} * p${s};
    #}
    #include attention/subgroup/sums
  }
  #include attention/subgroup/store_sums
}
