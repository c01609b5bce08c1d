// The forward pass of attention/shared/forward.wgsl in the tiled tier.
//
// Where DROP, 4 pairs of a row in an invocation are one call of philox. The
// running maximum of a row is the same in its 8 invocations, each sums the
// exponentials of its keys; the sums are added after the last tile.
#include attention/tiled/common
#include attention/shared/forward

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) index: u32) {
  enter_tile(group, index);
  #include attention/tiled/start
  let end = min(own_start + OWN, P.sequence_length);
  for (var other_start = 0u; other_start < end; other_start += OTHER) {
    #include attention/tiled/products
    let s = vec4u(other_start + 4u * x) + vec4u(0, 1, 2, 3);
    #for r in 0..4 {
      #for h in 0..2 {
        let counts${r}_${h} = s + ${32 * h}u <= vec4u(own[${r}]);
        let a${r}_${h} = select(vec4f(NEGATIVE_INFINITY), capped(product0_${r}_${h}).value, counts${r}_${h});
      #}
      let top${r} = largest_of(max(a${r}_0, a${r}_1));
    #}
    memory[8u * y + x] = vec4f(top0, top1, top2, top3);
    workgroupBarrier();
    var top = largest;
    #for i in 0..8 {
      top = max(top, memory[8u * y + ${i}u]);
    #}
    workgroupBarrier();
    let shrink = raise_largest(top);
    #for r in 0..4 {
      #for h in 0..2 {
        let p${r}_${h} = exp(a${r}_${h} - top[${r}]);
        let weight1_${r}_${h} = masks(own[${r}], s.x + ${32 * h}u) * p${r}_${h};
      #}
      total[${r}] += sum_of(p${r}_0 + p${r}_1);
      #for c in 0..COLUMNS {
        sum1_${r}_${c} *= shrink[${r}];
      #}
    #}
    #include attention/tiled/sums
  }
  total = sum_across(total);
  let logs = largest + log(total);
  #for r in 0..4 {
    #for c in 0..COLUMNS {
      sum1_${r}_${c} /= total[${r}];
    #}
    if (own[${r}] < P.sequence_length && keeps_statistics()) { lse[statistic_at(own[${r}])] = logs[${r}]; }
  #}
  #include attention/tiled/store_sums
}
