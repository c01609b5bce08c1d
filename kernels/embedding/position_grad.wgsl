// Gradient of the position table, with T the sequence length:
// dtable[t + P.first_position] += sum over sequences b of dy[b * T + t].
// A lane owns one unit of columns of one position.
// 1 FLOP and 4 bytes per element: bound by memory.
struct Params {
  sequences: u32,
  sequence_length: u32,
  width: u32,
  first_position: u32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(2) var<storage, read_write> dtable: array<vecf>;
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.sequence_length * units) { return; }
  var total = vecf(0);
  for (var b = 0u; b < P.sequences; b += 1u) {
    total += vecf(dy[b * P.sequence_length * units + i]);
  }
  dtable[P.first_position * units + i] += total;
}
