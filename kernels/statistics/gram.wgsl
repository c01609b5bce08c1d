// y[i] = sum of g[i, j]^2 over j other than i, of a square matrix g. Leaving
// the diagonal out here, rather than subtracting it from the whole sum, keeps
// the digits of small correlations. One workgroup per row. 2 FLOPs and 4 bytes
// per element: bound by memory.
struct Params { size: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
#include lib/reduce
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.size) { return; }
  var total = 0.0;
  for (var j = lane; j < P.size; j += WG) {
    let value = select(g[row * P.size + j], 0.0, j == row);
    total += value * value;
  }
  let sum = group_sum(total, lane);
  if (lane == 0u) { y[row] = sum; }
}
