// Sums and sums of squares of columns, y[block] = (sum of x[row, j] over the
// block's rows, for all j; then the same of x[row, j]^2). A lane owns one
// column, a workgroup row one block of rows; column_sum adds up the blocks.
// ACCUMULATE is for a later stretch of rows, where a binding ends before x.
// 3 FLOPs and 4 bytes per element: bound by memory.
struct Params { rows: u32, width: u32, blocks: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let j = group.x * WG + lane;
  let block = group.y;
  if (j >= P.width) { return; }
  let size = (P.rows + P.blocks - 1u) / P.blocks;
  let last = min(P.rows, (block + 1u) * size);
  var total = 0.0;
  var squares = 0.0;
  for (var row = block * size; row < last; row += 1u) {
    let value = x[row * P.width + j];
    total += value;
    squares += value * value;
  }
  let at = 2u * block * P.width + j;
  #if ACCUMULATE {
    y[at] += total;
    y[at + P.width] += squares;
  #} else {
    y[at] = total;
    y[at + P.width] = squares;
  #}
}
