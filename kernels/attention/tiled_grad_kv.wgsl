// The pass of attention/shared/grad_kv.wgsl in the tiled tier. Where DROP, 4
// keys of an invocation are one call of philox. At d = 64 it holds 64 sums and
// 64 products, twice the sums at d = 128.
#include attention/tiled/common
#include attention/shared/grad_kv

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  enter_tile(group, index);
  #include attention/tiled/start
  for (var other_start = own_start; other_start < P.sequence_length; other_start += OTHER) {
    #include attention/tiled/products
    #for h in 0..2 {
      let t${h} = vec4u(other_start + ${32 * h}u + 4u * x) + vec4u(0, 1, 2, 3);
      #for j in 0..4 {
        let at${h}_${j} = statistic_at(min(t${h}[${j}], last));
        let mask${h}_${j} = masks(t${h}[${j}], own.x);
      #}
      let lse_t${h} = vec4f(lse[at${h}_0], lse[at${h}_1], lse[at${h}_2], lse[at${h}_3]);
      let delta_t${h} = vec4f(delta[at${h}_0], delta[at${h}_1], delta[at${h}_2], delta[at${h}_3]);
      #for r in 0..4 {
        #let pair = 2 * r + h
        let mask_of${pair} = vec4f(mask${h}_0[${r}], mask${h}_1[${r}], mask${h}_2[${r}], mask${h}_3[${r}]);
        // A query past the end counts for nothing, like one before the key.
        let counts${pair} = (vec4u(own[${r}]) <= t${h}) & (t${h} < vec4u(P.sequence_length));
        let score${pair} = capped(product0_${r}_${h});
        let p${pair} = select(vec4f(0), exp(score${pair}.value - lse_t${h}), counts${pair});
        let weight0_${r}_${h} =
          p${pair} * ((mask_of${pair} * product1_${r}_${h} - delta_t${h}) * score${pair}.slope);
        let weight1_${r}_${h} = mask_of${pair} * p${pair};
      #}
    #}
    #include attention/tiled/sums
  }
  #include attention/tiled/store_sums
}
