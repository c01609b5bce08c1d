// Gain-weighted sum of up to three branches: y (+)= sum_b gain_b * x_b. A gain
// is a number (P.gain0 ...) or, where TRAINED_b, a tensor of one element. An
// invocation owns one vec4. 2 FLOPs and 4 bytes per branch and element: bound
// by memory.
struct Params { count: u32, gain0: f32, gain1: f32, gain2: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> y: array<y_vec4>;
#for b in 0..BRANCHES {
  @group(0) @binding(${2 + b}) var<storage, read> x${b}: array<x${b}_vec4>;
  #let TRAINED = b == 0 && TRAINED_0 || b == 1 && TRAINED_1 || b == 2 && TRAINED_2
  #if TRAINED {
    @group(0) @binding(${5 + b}) var<storage, read> trained_gain${b}: array<f32>;
  #}
#}
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  if (4u * i >= P.count) { return; }
  var total = vec4f(0);
  #for b in 0..BRANCHES {
    #let TRAINED = b == 0 && TRAINED_0 || b == 1 && TRAINED_1 || b == 2 && TRAINED_2
    #if TRAINED {
      total += trained_gain${b}[0] * vec4f(x${b}[i]);
    #} else {
      total += P.gain${b} * vec4f(x${b}[i]);
    #}
  #}
  #if ACCUMULATE {
    // What lies behind the last element must stay as it is (zero in gradients).
    y[i] = y_vec4(vec4f(y[i]) + select(vec4f(0), total, inside(i, P.count)));
  #} else {
    y[i] = y_vec4(total);
  #}
}
