// Scales of columns: y[n, j] = x[n, j] * scale[j / P.span].
//
// span 1 is one scale per channel (NormFormer's w_resid), span d one per head
// (c_attn), each over the last axis. ACCUMULATE adds to what y holds.
// A lane owns one unit of columns of one row: 1 FLOP, 8 bytes per element.
struct Params { rows: u32, width: u32, span: u32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read_write> y: array<y_vec>;
@group(0) @binding(3) var<storage, read> scale: array<f32>;
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.rows * units) { return; }
  let column = (i % units) * VW;
  #if VW == 4 {
    let s = vec4f(
      scale[column / P.span],
      scale[(column + 1u) / P.span],
      scale[(column + 2u) / P.span],
      scale[(column + 3u) / P.span],
    );
  #} else {
    let s = scale[column / P.span];
  #}
  #if ACCUMULATE {
    y[i] = y_vec(vecf(y[i]) + vecf(x[i]) * s);
  #} else {
    y[i] = y_vec(vecf(x[i]) * s);
  #}
}
