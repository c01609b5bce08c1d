// Gradient of LayerNorm and RMSNorm with respect to their input, each row by
// one workgroup. With g = dy * scale, n = (x - mean) * inverse:
//
//   LayerNorm  dx = inverse * (g - mean(g) - n * mean(g * n))
//   RMSNorm    dx = inverse * (g - n * mean(g * n) * (rms + eps) / rms)
//              because n = x / (rms + eps) and d rms / dx = x / (D rms)
//
// ACCUMULATE adds to what dx holds (the residual stream's gradient).
// About 10 FLOPs and 16 bytes per element: bound by memory.
struct Params { rows: u32, width: u32, heads: u32, eps: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> x: array<x_vec>;
@group(0) @binding(2) var<storage, read> stats: array<vec2f>;
@group(0) @binding(3) var<storage, read> dy: array<dy_vec>;
@group(0) @binding(4) var<storage, read_write> dx: array<dx_vec>;
@group(0) @binding(5) var<storage, read> scale0: array<vecf>;
#if GROUPS == 2 {
  @group(0) @binding(6) var<storage, read> scale1: array<vecf>;
#}
#include lib/vector
#include lib/reduce

// Keeps a division by an rms of 0 finite.
const TINY = 1e-30;
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group_index(group);
  if (row >= P.rows) { return; }
  let units = P.width / VW;
  let base = row * units;
  let width = f32(P.width);
  let mean = stats[row].x;
  #if CENTRE {
    let inverse = stats[row].y;
  #} else {
    let rms = stats[row].y;
    let inverse = 1.0 / (rms + P.eps);
  #}
  #if GROUPS == 2 {
    let second = (row / P.heads) % 2u == 1u;
  #}
  var sum_g = 0.0;
  var sum_gn = 0.0;
  for (var i = lane; i < units; i += WG) {
    let n = (vecf(x[base + i]) - mean) * inverse;
    var g = vecf(dy[base + i]);
    #if GROUPS == 2 {
      if (second) { g *= scale1[i]; } else { g *= scale0[i]; }
    #} else {
      g *= scale0[i];
    #}
    #if CENTRE {
      sum_g += hsum(g);
    #}
    sum_gn += hsum(g * n);
  }
  let mean_gn = group_sum(sum_gn, lane) / width;
  #if CENTRE {
    let mean_g = group_sum(sum_g, lane) / width;
  #} else {
    // A row of zeros has no direction: its gradient through the rms is 0.
    let along = mean_gn * (rms + P.eps) / max(rms, TINY);
  #}
  for (var i = lane; i < units; i += WG) {
    let n = (vecf(x[base + i]) - mean) * inverse;
    var g = vecf(dy[base + i]);
    #if GROUPS == 2 {
      if (second) { g *= scale1[i]; } else { g *= scale0[i]; }
    #} else {
      g *= scale0[i];
    #}
    #if CENTRE {
      let d = inverse * (g - mean_g - n * mean_gn);
    #} else {
      let d = inverse * (g - n * along);
    #}
    #if ACCUMULATE {
      dx[base + i] = dx_vec(vecf(dx[base + i]) + d);
    #} else {
      dx[base + i] = dx_vec(d);
    #}
  }
}
