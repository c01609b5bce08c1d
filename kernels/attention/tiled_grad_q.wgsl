// The pass of attention/shared/grad_q.wgsl in the tiled tier.
#include attention/tiled/common
#include attention/shared/grad_q

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  enter_tile(group, index);
  #include attention/tiled/start
  let own_loaded = min(own, vec4u(last));
  var delta_t = vec4f(0);
  for (var unit = x; unit < UNITS; unit += 8u) {
    #for r in 0..4 {
      delta_t[${r}] += dot(own1(own_loaded[${r}], unit), output(own_loaded[${r}], unit));
    #}
  }
  delta_t = sum_across(delta_t);
  let lse_t = lse_of(own_loaded);
  let end = min(own_start + OWN, P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += OTHER) {
    #include attention/tiled/products
    let s = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
    #for r in 0..4 {
      let score${r} = capped(product0_${r});
      let dp${r} = select(vec4f(0), keep_factor() * product1_${r}, are_kept(own[${r}], s.x));
      let da${r} = (dp${r} - delta_t[${r}]) * score${r}.slope * exp(score${r}.value - lse_t[${r}]);
      let weight0_${r} = select(vec4f(0), da${r}, s <= vec4u(own[${r}]));
    #}
    #include attention/tiled/sums
  }
  #include attention/tiled/store_sums
  #for r in 0..4 {
    if (own[${r}] < P.sequence_length && x == 0u) { delta[statistic_at(own[${r}])] = delta_t[${r}]; }
  #}
}
