// Backward of shaped/shaped.wgsl. With u_t the running mean of v:
//
//   da_t = r dy_t
//   dv_t (+)= s dy_t - c * sum over t' >= t of dy_t' / (t' + 1)
//   dr += dy . a,  ds += dy . v,  dc -= dy . u      (per head)
//
// A lane owns one unit of columns of one sequence: forward along t for the
// gains' sums (left per sequence and column in `gains`, three stretches of
// [sequences, width]; segment_sum adds them up), then backward for dv.
// 12 FLOPs and 28 bytes an element: bound by memory.
struct Params { sequences: u32, sequence_length: u32, width: u32, head_dim: u32, resid: f32, skip: f32, centre: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
@group(0) @binding(3) var<storage, read> dy: array<vecf>;
@group(0) @binding(4) var<storage, read_write> da: array<vecf>;
@group(0) @binding(5) var<storage, read_write> dv: array<vecf>;
#if TRAINED_R {
@group(0) @binding(6) var<storage, read> resid: array<f32>;
@group(0) @binding(9) var<storage, read_write> dr: array<vecf>;
#}
#if TRAINED_S {
@group(0) @binding(7) var<storage, read> skip: array<f32>;
@group(0) @binding(10) var<storage, read_write> ds: array<vecf>;
#}
#if TRAINED_C {
@group(0) @binding(8) var<storage, read> centre: array<f32>;
@group(0) @binding(11) var<storage, read_write> dc: array<vecf>;
#}
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.sequences * units) { return; }
  let column = i % units;
  let first = i / units * P.sequence_length * units + column;
  let head = column * VW / P.head_dim;
#if TRAINED_R {
  let r = resid[head];
#} else {
  let r = P.resid;
#}
#if TRAINED_S {
  let s = skip[head];
#} else {
  let s = P.skip;
#}
#if TRAINED_C {
  let c = centre[head];
#} else {
  let c = P.centre;
#}
#if TRAINED_R + TRAINED_S + TRAINED_C > 0 {
  var sum = vecf(0);
  var sum_r = vecf(0);
  var sum_s = vecf(0);
  var sum_c = vecf(0);
  var forward = first;
  for (var t = 1u; t <= P.sequence_length; t += 1u) {
    let g = dy[forward];
    let value = v[forward];
    sum += value;
    sum_r += g * a[forward];
    sum_s += g * value;
    sum_c -= g * sum / f32(t);
    forward += units;
  }
#}
#if TRAINED_R {
  dr[i] = sum_r;
#}
#if TRAINED_S {
  ds[i] = sum_s;
#}
#if TRAINED_C {
  dc[i] = sum_c;
#}
  var later = vecf(0);
  var at = first + P.sequence_length * units;
  for (var t = P.sequence_length; t > 0u; t -= 1u) {
    at -= units;
    let g = dy[at];
    later += g / f32(t);
    da[at] = r * g;
    dv[at] = s * g - c * later;
  }
}
