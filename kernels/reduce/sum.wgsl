// y[0] += P.scale * x[0 .. P.count] summed, by one workgroup in a fixed order;
// where SCALED, times factor[0].
struct Params { count: u32, scale: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
#if SCALED {
  @group(0) @binding(3) var<storage, read> factor: array<f32>;
#}
#include lib/reduce

@compute @workgroup_size(WG)
fn main(@builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var i = lane; i < P.count; i += WG) { total += x[i]; }
  let sum = P.scale * group_sum(total, lane);
  if (lane == 0u) {
    #if SCALED {
      y[0] += factor[0] * sum;
    #} else {
      y[0] += sum;
    #}
  }
}
