// Inner product of two tensors in two stages: this one leaves one partial sum
// per workgroup; reduce/sum.wgsl adds those up. Each workgroup takes one
// contiguous stretch, lanes interleaved in it: the order of additions is fixed.
// 2 FLOPs and 8 bytes per element: bound by memory.
// The elements before vec4 number `lead` do not count.
struct Params { lead: u32, count: u32, stretch: u32, first_partial: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<a_vec4>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;
#if PAIR {
  @group(0) @binding(3) var<storage, read> b: array<b_vec4>;
#}
#include lib/reduce
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.x * P.stretch;
  let end = min((P.count + 3u) / 4u, first + P.stretch);
  var total = 0.0;
  for (var i = first + lane; i < end; i += WG) {
    #if PAIR {
      let product = vec4f(a[i]) * vec4f(b[i]);
    #} else {
      let product = vec4f(a[i]) * vec4f(a[i]);
    #}
    // Neither does what lies behind the last element.
    let counts = inside(i, P.count) & vec4<bool>(i >= P.lead);
    total += dot(select(vec4f(0), product, counts), vec4f(1));
  }
  let sum = group_sum(total, lane);
  if (lane == 0u) { partial[P.first_partial + group.x] = sum; }
}
