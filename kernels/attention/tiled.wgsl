// The forward pass of attention/shared/forward.wgsl in the tiled tier.
//
// Where DROP, the 4 pairs of a row in an invocation are one call of philox. The
// running maximum of a row is the same in its 8 invocations, each sums the
// exponentials of its keys; the sums are added after the last tile. q is read T / 32
// times over, k and v T / 64 times. At d = 128 an invocation holds 64 sums and
// 16 pairs: no spills.
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
      let a${r} = select(vec4f(NEGATIVE_INFINITY), capped(product0_${r}).value, s <= vec4u(own[${r}]));
    #}
    other_slab[invocation] = vec4f(hmax(a0), hmax(a1), hmax(a2), hmax(a3));
    workgroupBarrier();
    var top = largest;
    #for i in 0..8 {
      top = max(top, other_slab[8u * y + ${i}u]);
    #}
    let shrink = raise_largest(top);
    #for r in 0..4 {
      let p${r} = exp(a${r} - top[${r}]);
      let weight1_${r} = select(vec4f(0), keep_factor() * p${r}, are_kept(own[${r}], s.x));
      #for h in 0..COLUMNS {
        sum1_${r}_${h} *= shrink[${r}];
      #}
    #}
    total += vec4f(hsum(p0), hsum(p1), hsum(p2), hsum(p3));
    #include attention/tiled/sums
  }
  total = sum_across(total);
  let logs = largest + log(total);
  #for r in 0..4 {
    #for h in 0..COLUMNS {
      sum1_${r}_${h} /= total[${r}];
    #}
    if (own[${r}] < P.sequence_length && x == 0u) { lse[statistic_at(own[${r}])] = logs[${r}]; }
  #}
  #include attention/tiled/store_sums
}
