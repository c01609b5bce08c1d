// Shaped Attention's other two terms (arXiv 2311.01906, equation 10; per head h):
//
//   y_t = r_h a_t + s_h v_t - c_h u_t,   u_t = mean of v_0 .. v_t
//
// a is softmax(..) v from the attention kernel; the identity matrix gives v
// itself, the uniform causal matrix the running mean u: O(T) where the matrix
// would take O(T^2). A lane owns one unit of columns of one sequence and walks
// along t. A gain is a number (P) or, where TRAINED, a tensor of one element a
// head. 6 FLOPs and 12 bytes an element: bound by memory.
struct Params { sequences: u32, sequence_length: u32, width: u32, head_dim: u32, resid: f32, skip: f32, centre: f32 }
@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read> a: array<vecf>;
@group(0) @binding(2) var<storage, read> v: array<vecf>;
@group(0) @binding(3) var<storage, read_write> y: array<vecf>;
#if TRAINED_R {
@group(0) @binding(4) var<storage, read> resid: array<f32>;
#}
#if TRAINED_S {
@group(0) @binding(5) var<storage, read> skip: array<f32>;
#}
#if TRAINED_C {
@group(0) @binding(6) var<storage, read> centre: array<f32>;
#}
#include lib/vector
#include lib/grid

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let units = P.width / VW;
  let i = flat_index(group, lane);
  if (i >= P.sequences * units) { return; }
  let column = i % units;
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
  var at = i / units * P.sequence_length * units + column;
  var sum = vecf(0);
  for (var t = 1u; t <= P.sequence_length; t += 1u) {
    let value = v[at];
    sum += value;
    y[at] = r * a[at] + s * value - (c / f32(t)) * sum;
    at += units;
  }
}
