// The forward pass of attention/shared/forward.wgsl in the subgroup tier. Keys
// past the tile's last query are skipped; 2 d vec4s per lane: q and the sums of
// o.
#include attention/subgroup/common
#include attention/shared/forward

@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  enter_head(group);
  #include attention/subgroup/start
  for (var unit = 0u; unit < P.units; unit++) {
    #include attention/subgroup/load_own
  }
  let end = min((group.x + 1u) * (4u * LANES), P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += STEP) {
    #include attention/subgroup/products
    var top = largest;
    #for s in 0..STEP {
      let counts${s} = vec4u(other_start + ${s}u) <= own;
      let a${s} = select(vec4f(NEGATIVE_INFINITY), capped(product0_${s}).value, counts${s});
      top = max(top, a${s});
    #}
    let shrink = raise_largest(top);
    #for s in 0..STEP {
      let p${s} = exp(a${s} - top);
      total += p${s};
      let weight1_${s} = masks_next(own, other_start + ${s}u) * p${s};
    #}
    #include attention/subgroup/sums
  }
  let inverse = 1.0 / total;
  #for e in 0..4 * UNITS {
    sum1_${e} *= inverse;
  #}
  #include attention/subgroup/store_sums
  let logs = largest + log(total);
  #for j in 0..4 {
    if (own[${j}] < P.sequence_length) { lse[statistic_at(own[${j}])] = logs[${j}]; }
  #}
}
