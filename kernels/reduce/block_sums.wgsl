// Second stage of up to SUMS sums over rows, which share a dispatch:
// y_s[j] += sum over rows of x_s[row, j], j < width_s <= pitch_s.
//
// Workgroups y = 0, 1, ... take one sum each. A workgroup has ACROSS units of
// columns, and DOWN lanes for each, which take every DOWN-th row and then add
// up as a tree: rows are few, and a lane alone would wait for each in turn.
// 1 FLOP and 4 bytes per element: bound by memory.
struct Params {
  #for s in 0..SUMS {
    rows${s}: u32,
    width${s}: u32,
    pitch${s}: u32,
  #}
}
@group(0) @binding(0) var<uniform> P: Params;
#for s in 0..SUMS {
  @group(0) @binding(${1 + 2 * s}) var<storage, read> x${s}: array<vecf>;
  @group(0) @binding(${2 + 2 * s}) var<storage, read_write> y${s}: array<vecf>;
#}
#include lib/vector

#if DOWN > 1 {
  var<workgroup> sums: array<vecf, ACROSS * DOWN>;
#}

@compute @workgroup_size(ACROSS * DOWN)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let j = group.x * ACROSS + lane % ACROSS;
  let first = lane / ACROSS;
  var total = vecf(0);
  #for s in 0..SUMS {
    if (group.y == ${s}u) {
      let pitch = P.pitch${s} / VW;
      if (j < P.width${s} / VW) {
        for (var row = first; row < P.rows${s}; row += DOWN) {
          total += x${s}[row * pitch + j];
        }
      }
    }
  #}
  #if DOWN > 1 {
    sums[lane] = total;
    for (var step = DOWN / 2u; step > 0u; step = step / 2u) {
      workgroupBarrier();
      if (first < step) { sums[lane] += sums[lane + step * ACROSS]; }
    }
    // A lane of the first row reads what it has written.
    total = sums[lane];
  #}
  #for s in 0..SUMS {
    if (group.y == ${s}u && first == 0u && j < P.width${s} / VW) {
      y${s}[j] += total;
    }
  #}
}
