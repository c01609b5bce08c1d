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
      #for h in 0..2 {
        let score${r}_${h} = capped(product0_${r}_${h});
        let dp${r}_${h} = masks(own[${r}], s.x + ${32 * h}u) * product1_${r}_${h} - delta_t[${r}];
        let da${r}_${h} = dp${r}_${h} * score${r}_${h}.slope * exp(score${r}_${h}.value - lse_t[${r}]);
        let weight0_${r}_${h} = select(vec4f(0), da${r}_${h}, s + ${32 * h}u <= vec4u(own[${r}]));
      #}
    #}
    #include attention/tiled/sums
  }
  #include attention/tiled/store_sums
  #for r in 0..4 {
    if (own[${r}] < P.sequence_length && keeps_statistics()) { delta[statistic_at(own[${r}])] = delta_t[${r}]; }
  #}
}
