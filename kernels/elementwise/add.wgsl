// y += x, elementwise over P.count elements. One invocation per vec4.
// 1 FLOP, 12 bytes per element: bound by memory.
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec4>;
@group(0) @binding(2) var<storage, read_write> y: array<y_vec4>;
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = flat_index(group, lane);
  if (4u * i < P.count) {
    // What lies behind the last element must stay as it is (zero in gradients).
    y[i] = y_vec4(vec4f(y[i]) + select(vec4f(0), vec4f(x[i]), inside(i, P.count)));
  }
}
