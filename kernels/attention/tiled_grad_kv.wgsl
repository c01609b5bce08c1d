// The pass of attention/shared/grad_kv.wgsl in the tiled tier. Where DROP, 4
// keys of an invocation are one call of philox. At d = 128 an invocation holds
// 128 sums.
#include attention/tiled/common
#include attention/shared/grad_kv

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  enter_tile(group, index);
  #include attention/tiled/start
  for (var other_start = own_start; other_start < P.sequence_length; other_start += OTHER) {
    #include attention/tiled/products
    let t = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
    #for j in 0..4 {
      let at${j} = statistic_at(min(t[${j}], last));
      let kept${j} = are_kept(t[${j}], own.x);
    #}
    let lse_t = vec4f(lse[at0], lse[at1], lse[at2], lse[at3]);
    let delta_t = vec4f(delta[at0], delta[at1], delta[at2], delta[at3]);
    #for r in 0..4 {
      let kept_r${r} = vec4<bool>(kept0[${r}], kept1[${r}], kept2[${r}], kept3[${r}]);
      let mask${r} = select(vec4f(0), vec4f(keep_factor()), kept_r${r});
      // A query past the end counts for nothing, like one before the key.
      let counts${r} = (vec4u(own[${r}]) <= t) & (t < vec4u(P.sequence_length));
      let score${r} = capped(product0_${r});
      let p${r} = select(vec4f(0), exp(score${r}.value - lse_t), counts${r});
      let weight0_${r} = p${r} * ((mask${r} * product1_${r} - delta_t) * score${r}.slope);
      let weight1_${r} = mask${r} * p${r};
    #}
    #include attention/tiled/sums
  }
  #include attention/tiled/store_sums
}
