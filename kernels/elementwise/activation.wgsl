// Pointwise activations f and their derivatives.
//
//   forward   y  = f(x)
//   GRADIENT  dx (+)= dy * f'(x), where x is f(x) if FROM_OUTPUT
//
// An invocation owns one vec4.
// 1 to 40 FLOPs, 8 (12) bytes per element: bound by memory.
struct Params { count: u32, slope: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec4>;
@group(0) @binding(2) var<storage, read_write> y: array<y_vec4>;
#if GRADIENT {
  @group(0) @binding(3) var<storage, read> dy: array<dy_vec4>;
#}
#include lib/grid
#include lib/activations

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  if (4u * i >= P.count) { return; }
  #if GRADIENT {
    #if ACCUMULATE {
      // What lies behind the last element must stay as it is (zero in
      // gradients).
      let dx = vec4f(dy[i]) * derivative(vec4f(x[i]));
      y[i] = y_vec4(vec4f(y[i]) + select(vec4f(0), dx, inside(i, P.count)));
    #} else {
      y[i] = y_vec4(vec4f(dy[i]) * derivative(vec4f(x[i])));
    #}
  #} else {
    y[i] = y_vec4(f(vec4f(x[i])));
  #}
}
