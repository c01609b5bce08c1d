// Gradient of the token table: dtable[v] += P.scale * sum of dy[n] over all n
// with token[n] = v.
//
// `order` lists the rows sorted by token (stable), so equal tokens form runs.
// The workgroup at the start of a run adds up the whole run, lanes side by side
// over the columns: no atomics, the same order every time. dy holds the rows
// from P.first_row to before P.end_row: where it is larger than one binding,
// each dispatch adds its own. P.padding_token gets nothing. 1 FLOP and 4 bytes
// per element, plus one pass over the rows that occur.
struct Params {
  rows: u32,
  width: u32,
  first_token: u32,
  end_token: u32,
  first_row: u32,
  end_row: u32,
  padding_token: u32,
  scale: f32,
}
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> token: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(4) var<storage, read_write> dtable: array<vecf>;
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let place = group_index(group);
  if (place >= P.rows) { return; }
  let id = token[order[place]];
  if (id < P.first_token || id >= P.end_token || id == P.padding_token) { return; }
  if (place > 0u) {
    if (token[order[place - 1u]] == id) { return; }
  }
  var end = place + 1u;
  while (end < P.rows) {
    if (token[order[end]] != id) { break; }
    end += 1u;
  }
  let units = P.width / VW;
  let to = (id - P.first_token) * units;
  for (var i = lane; i < units; i += WG) {
    var total = vecf(0);
    for (var at = place; at < end; at += 1u) {
      let row = order[at];
      if (row >= P.first_row && row < P.end_row) {
        total += vecf(dy[(row - P.first_row) * units + i]);
      }
    }
    dtable[to + i] += P.scale * total;
  }
}
