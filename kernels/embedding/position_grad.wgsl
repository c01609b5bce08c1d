// Gradient of the position table: dtable[t + P.first] += sum over sequences b of
// dy[b * context + t]. A lane owns one unit of columns of one position.
// 1 FLOP and 4 bytes an element: bound by memory.
struct Params { sequences: u32, context: u32, width: u32, first: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> dy: array<vecs>;
@group(0) @binding(2) var<storage, read_write> dtable: array<vecf>;
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = (group.y * 65535u + group.x) * WG + lane;
  if (i >= P.context * units) { return; }
  var total = vecf(0);
  for (var b = 0u; b < P.sequences; b += 1u) {
    total += vecf(dy[b * P.context * units + i]);
  }
  dtable[P.first * units + i] += total;
}
