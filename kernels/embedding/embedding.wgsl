// Token plus position embedding, a row by one workgroup:
//
//   y[n] = P.scale * tokens_table[token[n]] + positions_table[n % P.context + P.first]
//
// A token table larger than one binding comes in stretches of rows P.low .. P.high;
// each dispatch writes only the rows whose token lies in its stretch.
// 1 to 2 FLOPs and 12 bytes an element: bound by memory.
struct Params { rows: u32, width: u32, context: u32, first: u32, low: u32, high: u32, scale: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> token: array<u32>;
@group(0) @binding(2) var<storage, read> tokens_table: array<vecf>;
@group(0) @binding(3) var<storage, read_write> y: array<vecs>;
#if POSITIONS {
@group(0) @binding(4) var<storage, read> positions_table: array<vecf>;
#}
#include lib/vector

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * 65535u + group.x;
  if (row >= P.rows) { return; }
  let id = token[row];
  if (id < P.low || id >= P.high) { return; }
  let units = P.width / VW;
  let start = (id - P.low) * units;
#if POSITIONS {
  let position = (row % P.context + P.first) * units;
#}
  for (var i = lane; i < units; i += WG) {
#if POSITIONS {
    y[row * units + i] = vecs(P.scale * tokens_table[start + i] + positions_table[position + i]);
#} else {
    y[row * units + i] = vecs(P.scale * tokens_table[start + i]);
#}
  }
}
