// Sums of columns: y[block, j] (+)= sum over the block's rows of x[row, j].
// A lane owns one unit of columns, a workgroup row one block of rows. Two
// stages (blocks, then one block of them) keep sums short and devices busy.
// 1 FLOP and 4 bytes per element: bound by memory.
struct Params { rows: u32, width: u32, blocks: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read_write> y: array<vecf>;
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let j = group.x * WG + lane;
  let block = group.y;
  if (j >= units) { return; }
  let size = (P.rows + P.blocks - 1u) / P.blocks;
  let first = block * size;
  let last = min(P.rows, first + size);
  var total = vecf(0);
  for (var row = first; row < last; row += 1u) {
    total += vecf(x[row * units + j]);
  }
  #if ACCUMULATE {
    y[block * units + j] += total;
  #} else {
    y[block * units + j] = total;
  #}
}
