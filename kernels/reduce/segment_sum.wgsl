// y[g] += sum over blocks b and columns j of span g of p[b, j], one workgroup
// per span, in a fixed order. 1 FLOP and 4 bytes per element.
struct Params { blocks: u32, width: u32, span: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> p: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
#include lib/reduce

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  var total = 0.0;
  for (var b = 0u; b < P.blocks; b += 1u) {
    for (var j = lane; j < P.span; j += WG) {
      total += p[b * P.width + group.x * P.span + j];
    }
  }
  let sum = group_sum(total, lane);
  if (lane == 0u) { y[group.x] += sum; }
}
