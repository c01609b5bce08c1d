// Gradients of a norm's scale and bias, first stage: each workgroup lane owns
// one unit of columns, each workgroup row one block of rows.
//
//   n                = (x - mean) * inverse
//   dscale[block, j] = sum over the block's rows of dy * n
//   dbias[block, j]  = sum over the block's rows of dy
//
// reduce/block_sums adds the blocks up. ACCUMULATE is for tensors larger than a
// binding, of which these are a later stretch of rows. Rows belong to group
// P.group of P.groups, with P.heads rows of each group in turn (0, 1 and 1 for a
// plain norm).
// 4 FLOPs and 8 bytes per element: bound by memory; blocks keep sums short.
struct Params {
  rows: u32,
  width: u32,
  heads: u32,
  eps: f32,
  groups: u32,
  group: u32,
  blocks: u32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;
@group(0) @binding(3) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(4) var<storage, read_write> dscale: array<vecf>;
#if BIAS {
  @group(0) @binding(5) var<storage, read_write> dbias: array<vecf>;
#}
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let j = group.x * WG + lane;
  let block = group.y;
  if (j >= units) { return; }
  // Rows of this group alone, numbered 0 .. rows / groups.
  let rows = P.rows / P.groups;
  let size = (rows + P.blocks - 1u) / P.blocks;
  let first = block * size;
  let last = min(rows, first + size);
  var scale_sum = vecf(0);
  #if BIAS {
    var bias_sum = vecf(0);
  #}
  for (var i = first; i < last; i += 1u) {
    #if GROUPS == 2 {
      let row = (i / P.heads * 2u + P.group) * P.heads + i % P.heads;
    #} else {
      let row = i;
    #}
    let s = stats[row];
    #if CENTRE {
      let inverse = s.y;
    #} else {
      let inverse = 1.0 / (s.y + P.eps);
    #}
    let g = vecf(dy[row * units + j]);
    scale_sum += g * ((vecf(x[row * units + j]) - s.x) * inverse);
    #if BIAS {
      bias_sum += g;
    #}
  }
  let at = block * units + j;
  #if ACCUMULATE {
    dscale[at] += scale_sum;
    #if BIAS {
      dbias[at] += bias_sum;
    #}
  #} else {
    dscale[at] = scale_sum;
    #if BIAS {
      dbias[at] = bias_sum;
    #}
  #}
}
