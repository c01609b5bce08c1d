// Inner products of columns, first stage: p[block, j] = sum over the block's
// rows of a[row, j] * b[row, j]. A lane owns one unit of columns, a workgroup
// row one block of rows; segment_sum adds the blocks up. ACCUMULATE is for a
// matrix larger than a binding, of which this is a later stretch of rows.
// 2 FLOPs and 8 bytes per element: bound by memory.
struct Params { rows: u32, width: u32, blocks: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<a_vec>;
@group(0) @binding(2) var<storage, read> b: array<b_vec>;
@group(0) @binding(3) var<storage, read_write> p: array<vecf>;
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let j = group.x * WG + lane;
  if (j >= units) { return; }
  let size = (P.rows + P.blocks - 1u) / P.blocks;
  let last = min(P.rows, (group.y + 1u) * size);
  var total = vecf(0);
  for (var row = group.y * size; row < last; row += 1u) {
    total += vecf(a[row * units + j]) * vecf(b[row * units + j]);
  }
  #if ACCUMULATE {
    p[group.y * units + j] += total;
  #} else {
    p[group.y * units + j] = total;
  #}
}
