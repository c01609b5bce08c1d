// LayerNorm and RMSNorm of R rows of D elements, each row by one workgroup.
//
//   LayerNorm  y = (x - mean) / sqrt(var + eps) * scale + bias
//   RMSNorm    y = x / (rms + eps) * scale [+ bias]      (eps outside the root,
//              as in the code of arXiv 2311.01906)
//
// stats[row] = (mean, 1 / sqrt(var + eps)) or (0, rms), for the backward pass.
// Per-head norms (QK-norm) are rows of head_dim; GROUPS = 2 means that of every
// 2 * P.heads rows the first half are queries, the second keys, each with its
// scale. About 6 FLOPs and 8 bytes per element: bound by memory, so a row is
// read again from cache instead of being kept in registers.
struct Params { rows: u32, width: u32, heads: u32, eps: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read_write> y: array<y_vec>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;
@group(0) @binding(4) var<storage, read> scale0: array<vecf>;
#if BIAS {
  @group(0) @binding(5) var<storage, read> bias0: array<vecf>;
#}
#if GROUPS == 2 {
  @group(0) @binding(6) var<storage, read> scale1: array<vecf>;
  #if BIAS {
    @group(0) @binding(7) var<storage, read> bias1: array<vecf>;
  #}
#}
#include lib/vector
#include lib/reduce
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let units = P.width / VW;
  let base = row * units;
  var mean = 0.0;
  #if CENTRE {
    var total = 0.0;
    for (var i = lane; i < units; i += WG) { total += hsum(vecf(x[base + i])); }
    mean = group_sum(total, lane) / f32(P.width);
  #}
  var squares = 0.0;
  for (var i = lane; i < units; i += WG) {
    let centred = vecf(x[base + i]) - mean;
    squares += hsum(centred * centred);
  }
  let variance = group_sum(squares, lane) / f32(P.width);
  #if CENTRE {
    let inverse = 1.0 / sqrt(variance + P.eps);
    if (lane == 0u) { stats[row] = vec2f(mean, inverse); }
  #} else {
    let rms = sqrt(variance);
    let inverse = 1.0 / (rms + P.eps);
    if (lane == 0u) { stats[row] = vec2f(0.0, rms); }
  #}
  #if GROUPS == 2 {
    let second = (row / P.heads) % 2u == 1u;
  #}
  for (var i = lane; i < units; i += WG) {
    let normed = (vecf(x[base + i]) - mean) * inverse;
    #if GROUPS == 2 {
      var scaled = normed;
      if (second) {
        scaled *= scale1[i];
        #if BIAS {
          scaled += bias1[i];
        #}
      } else {
        scaled *= scale0[i];
        #if BIAS {
          scaled += bias0[i];
        #}
      }
      y[base + i] = y_vec(scaled);
    #} else {
      #if BIAS {
        y[base + i] = y_vec(normed * scale0[i] + bias0[i]);
      #} else {
        y[base + i] = y_vec(normed * scale0[i]);
      #}
    #}
  }
}
