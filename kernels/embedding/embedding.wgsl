// Token plus position embedding, each row by one workgroup, with T the sequence
// length:
//
//   y[n] = P.scale * token_table[token[n]]
//        + position_table[n % T + P.first_position]
//
// A token table larger than one binding comes in stretches of rows, from
// P.first_token to before P.end_token; each dispatch writes only the rows whose
// token lies in its stretch.
// 1 to 2 FLOPs and 12 bytes per element: bound by memory.
struct Params {
  rows: u32,
  width: u32,
  sequence_length: u32,
  first_position: u32,
  first_token: u32,
  end_token: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> token: array<u32>;
@group(0) @binding(2) var<storage, read> token_table: array<token_table_vec>;
@group(0) @binding(3) var<storage, read_write> y: array<y_vec>;
#if POSITIONS {
  @group(0) @binding(4) var<storage, read> position_table: array<position_table_vec>;
#}
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let id = token[row];
  if (id < P.first_token || id >= P.end_token) { return; }
  let units = P.width / VW;
  let start = (id - P.first_token) * units;
  #if POSITIONS {
    let position = (row % P.sequence_length + P.first_position) * units;
  #}
  for (var i = lane; i < units; i += WG) {
    #if POSITIONS {
      y[row * units + i] =
        y_vec(P.scale * vecf(token_table[start + i]) + vecf(position_table[position + i]));
    #} else {
      y[row * units + i] = y_vec(P.scale * vecf(token_table[start + i]));
    #}
  }
}
